/**
 * The record of a local runtime that runs in the background: `.bedrock_agentcore/local/<agent>.json`. Who starts one
 * writes it when the runtime is ready; who ends one removes it. A record may outlive its process: see `isAlive`.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { writeAtomic } from './Atomic'
import { type ConfigError, malformed, unreadable, unwritable } from './ConfigError'
import { decodeNow } from './decodeNow'
import { isMissing } from './systemError'

/** How callers of a local runtime say who they are. */
const Auth = t.keyof({ none: null, sigv4: null, jwt: null }, 'none, sigv4 or jwt')

/** A running local runtime. */
export const LocalRecord = t.intersection([
  t.type({
    agent: t.string,
    pid: t.number,
    port: t.number,
    /** `http://127.0.0.1:8080` */
    endpoint: t.string,
    arn: t.string,
    /** ISO 8601. */
    startedAt: t.string,
  }),
  t.partial({ auth: Auth, isolation: t.string, logFile: t.string }),
])

/** A running local runtime. */
export type LocalRecord = t.TypeOf<typeof LocalRecord>

const folderIn = (folder: string): string => join(folder, '.bedrock_agentcore', 'local')

/** Where the record of an agent stands. */
export const pathOf = (folder: string, agent: string): string => join(folderIn(folder), `${agent}.json`)

const shown = (agent: string): string => `.bedrock_agentcore/local/${agent}.json`

const parse =
  (agent: string) =>
  (text: string): E.Either<ConfigError, LocalRecord> => {
    const refuse = (message: string): ConfigError => malformed(shown(agent), [{ path: '', message, line: undefined }])
    return pipe(
      E.tryCatch(
        (): unknown => JSON.parse(text),
        () => refuse('it is no JSON'),
      ),
      E.chain((value) => {
        return pipe(
          decodeNow(LocalRecord)(value),
          E.mapLeft((issues) =>
            malformed(
              shown(agent),
              issues.map((issue) => ({ ...issue, line: undefined })),
            ),
          ),
        )
      }),
    )
  }

/** The record of an agent; undefined if there is none. Left: `Unreadable`, `Malformed`. */
export const read = (folder: string, agent: string): TE.TaskEither<ConfigError, LocalRecord | undefined> =>
  pipe(
    TE.tryCatch(
      () =>
        readFile(pathOf(folder, agent), 'utf8').catch((cause: unknown) => {
          if (isMissing(cause)) return undefined
          throw cause
        }),
      (cause) => unreadable(shown(agent), cause),
    ),
    TE.chain((text) => (text === undefined ? TE.right(undefined) : TE.fromEither(parse(agent)(text)))),
  )

/** The agents that have a record. */
export const agentsIn = (folder: string): TE.TaskEither<ConfigError, ReadonlyArray<string>> =>
  TE.tryCatch(
    async () => {
      const names = await readdir(folderIn(folder)).catch((cause: unknown) => {
        if (isMissing(cause)) return []
        throw cause
      })
      return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).map((name) => name.slice(0, -5))
    },
    (cause) => unreadable('.bedrock_agentcore/local', cause),
  )

/** Writes a record, whole or not at all. */
export const write = (folder: string, record: LocalRecord): TE.TaskEither<ConfigError, void> =>
  TE.tryCatch(
    () => writeAtomic(pathOf(folder, record.agent), `${JSON.stringify(record, undefined, 2)}\n`),
    (cause) => unwritable(shown(record.agent), cause),
  )

/** Removes the record of an agent, if it is still that of the process. */
export const remove = (folder: string, agent: string, pid: number): TE.TaskEither<ConfigError, void> =>
  pipe(
    read(folder, agent),
    TE.orElse(() => TE.right<ConfigError, LocalRecord | undefined>(undefined)),
    TE.chain((record) =>
      record !== undefined && record.pid !== pid
        ? TE.right(undefined)
        : TE.tryCatch(
            () => rm(pathOf(folder, agent), { force: true }),
            (cause) => unwritable(shown(agent), cause),
          ),
    ),
  )
