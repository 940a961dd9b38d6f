/**
 * The local runtime of an agent: found by its record, told by what only it can be, and ended. Every command that speaks
 * to one or ends one does it by these functions, so that all of them believe the same proof: the record is sealed by this
 * user, and its process is the very one that wrote it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as Record from '../../config/LocalRecord'
import { isSame, kill, killGroup, isAlive } from '../../node/process/Processes'
import { type CliError, config, failed } from '../program/CliError'

// ---------------------------------------------------------------------------------------------------------------------
// finding it
// ---------------------------------------------------------------------------------------------------------------------

/** What there is of an agent here. `Gone` has a record without its process: it was killed. */
export type Runtime =
  | { readonly _tag: 'None' }
  | { readonly _tag: 'Gone'; readonly record: Record.LocalRecord }
  | { readonly _tag: 'Running'; readonly record: Record.LocalRecord }

const none: Runtime = { _tag: 'None' }

/** Whether the process of a record is there, and no later one with its id. */
const isThere = async ({ pid, identity }: Record.LocalRecord): Promise<boolean> =>
  isAlive(pid) && (await isSame(pid, identity))

/** Looks for the runtime of an agent. Left: `Config`, for a record that is not believed too. */
export const find = (folder: string, agent: string): TE.TaskEither<CliError, Runtime> =>
  pipe(
    Record.read(folder, agent),
    TE.mapLeft(config),
    TE.chainTaskK((record) => async (): Promise<Runtime> => {
      if (record === undefined) return none
      return (await isThere(record)) ? { _tag: 'Running', record } : { _tag: 'Gone', record }
    }),
  )

// ---------------------------------------------------------------------------------------------------------------------
// ending it
// ---------------------------------------------------------------------------------------------------------------------

/** How long a runtime may take to end its sessions in good order, and to be gone once it is killed, in milliseconds. */
const patience = { asked: 30_000, killed: 5000 } as const

const every = 20

const isGoneWithin = async (record: Record.LocalRecord, limit: number): Promise<boolean> => {
  for (const end = performance.now() + limit; await isThere(record); await sleep(every)) {
    if (performance.now() > end) return false
  }
  return true
}

const ended = async (record: Record.LocalRecord): Promise<boolean> => {
  if (!(await isThere(record))) return true
  process.kill(record.pid, 'SIGTERM')
  if (await isGoneWithin(record, patience.asked)) return true
  kill(record.pid)
  killGroup(record.pid) // one in the background leads a group
  return isGoneWithin(record, patience.killed)
}

/** Ends a runtime in good order, or after a while without, and removes its record. Left: `Failed`, `Config`. */
export const end = (folder: string, record: Record.LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(
    TE.tryCatch(
      () => ended(record),
      (cause) => failed('NOT_STOPPED', `Process ${record.pid} could not be stopped`, 'stop it manually', { cause }),
    ),
    TE.filterOrElse(
      (isGone) => isGone,
      () =>
        failed(
          'STILL_RUNNING',
          `The local runtime of ${record.agent} did not stop in time`,
          `stop process ${record.pid} manually`,
        ),
    ),
    TE.chain(() => forget(folder, record)),
  )

/** Removes the record of a runtime that is gone. */
export const forget = (folder: string, { agent, pid }: Record.LocalRecord): TE.TaskEither<CliError, void> =>
  pipe(Record.remove(folder, agent, pid), TE.mapLeft(config))
