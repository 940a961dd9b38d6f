/** Finds and stops the local runtime that a new one replaces. An untrusted record is reported and ignored. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { LocalRecord } from '../../config/LocalRecord'
import { end, find } from '../agent/RunningRuntime'
import type { Cli } from '../program/Cli'
import { type CliError, failed, explain } from '../program/CliError'
import { printLine } from '../terminal/Progress'

/** The record of a runtime that runs; undefined where there is none. */
export const findRunning =
  (cli: Cli, { isTold: warnsAboutForeign }: { readonly isTold: boolean }) =>
  (folder: string, agent: string): TE.TaskEither<CliError, LocalRecord | undefined> =>
    pipe(
      find(folder, agent),
      TE.map((runtime) => (runtime._tag === 'Running' ? runtime.record : undefined)),
      TE.orElse((error) => {
        if (error._tag !== 'Config' || (error.error._tag !== 'Foreign' && error.error._tag !== 'Malformed'))
          return TE.left(error)
        if (warnsAboutForeign) printLine(explain(error).message, 'note')(cli)
        return TE.right(undefined)
      }),
    )

/** Ends it, so that another one can take its place. */
export const endRunning = (folder: string, record: LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(
    end(folder, record),
    TE.mapLeft((cause) =>
      failed('NOT_REPLACED', 'The running runtime could not be stopped', `stop process ${record.pid}`, {
        cause,
      }),
    ),
  )
