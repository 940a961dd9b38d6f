/**
 * The record of a local runtime that runs in the background: `.bedrock_agentcore/local/<agent>.json`. Who starts one
 * writes it when the runtime is ready; who ends one removes it. It is sealed: a record that came with the project is not
 * believed. A record may outlive its process, whose id a later process may have: `identity` tells them apart.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type ConfigError, foreign, malformed, unreadable, unwritable } from './ConfigError'
import { decodeNow } from './decodeNow'
import { hasPrivateFolder, stateFolder } from '../node/file/PrivateFile'
import { type SealedFile, readSealed, writeSealed } from './Sealed'

/** How callers of a local runtime say who they are. */
const Auth = t.keyof({ none: null, sigv4: null, jwt: null }, 'none, sigv4 or jwt')

const text = <A extends string>(name: string, is: (value: string) => boolean): t.Type<A> =>
  new t.Type<A>(
    name,
    (value): value is A => typeof value === 'string' && is(value),
    (value, context) =>
      // `is` says so
      typeof value === 'string' && is(value) ? t.success(value as A) : t.failure(value, context, `expected ${name}`),
    (value) => value,
  )

/** Where a server of this machine listens. */
export const Endpoint = text<string>('http://127.0.0.1:PORT', (value) =>
  /^http:\/\/(127\.0\.0\.1|\[::1\]):\d{1,5}$/.test(value),
)

/** The id of a process. */
export const Pid = new t.Type<number>(
  'a process id',
  (value): value is number => Number.isSafeInteger(value) && Number(value) > 1,
  (value, context) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > 1
      ? t.success(value)
      : t.failure(value, context, 'expected a process id above 1'),
  (value) => value,
)

/** A running local runtime. */
export const LocalRecord = t.intersection([
  t.type({
    agent: t.string,
    pid: Pid,
    /** What tells the process from a later one with its id. */
    identity: t.string,
    port: t.number,
    /** `http://127.0.0.1:8080` */
    endpoint: Endpoint,
    arn: t.string,
    /** ISO 8601. */
    startedAt: t.string,
    /** The secret by which the runtime and the commands of this user know each other. */
    control: t.string,
  }),
  t.partial({ auth: Auth, isolation: t.string, logFile: t.string }),
])

/** A running local runtime. */
export type LocalRecord = t.TypeOf<typeof LocalRecord>

/** A record as others may see it. */
export type PublicRecord = Omit<LocalRecord, 'control' | 'identity'>

/** Without what is between the runtime and the commands alone. */
export const toShown = ({ control: _, identity: __, ...record }: LocalRecord): PublicRecord => record

const folderIn = (folder: string): string => join(folder, stateFolder, 'local')

/** Where the record of an agent stands. */
export const toPath = (folder: string, agent: string): string => join(folderIn(folder), `${agent}.json`)

const shown = (agent: string): string => `${stateFolder}/local/${agent}.json`

const decoded =
  (agent: string) =>
  (found: SealedFile): E.Either<ConfigError, LocalRecord | undefined> => {
    switch (found._tag) {
      case 'Missing':
        return E.right(undefined)
      case 'Foreign':
        return E.left(foreign(shown(agent)))
      case 'Own':
        return pipe(
          decodeNow(LocalRecord)(found.value),
          E.mapLeft((issues) =>
            malformed(
              shown(agent),
              issues.map((issue) => ({ ...issue, line: undefined })),
            ),
          ),
        )
    }
  }

/** The record of an agent; undefined if there is none. Left: `Foreign`, `Unreadable`, `Malformed`. */
export const read = (folder: string, agent: string): TE.TaskEither<ConfigError, LocalRecord | undefined> =>
  pipe(
    TE.fromIOEither(
      E.tryCatchK(
        () => readSealed(toPath(folder, agent)),
        (cause) => unreadable(shown(agent), cause),
      ),
    ),
    TE.chainEitherK(decoded(agent)),
  )

/** Writes a record, whole or not at all. */
export const write = (folder: string, record: LocalRecord): TE.TaskEither<ConfigError, void> =>
  TE.tryCatch(
    () => writeSealed(toPath(folder, record.agent), record),
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
            async () => {
              if (hasPrivateFolder(folderIn(folder))) await rm(toPath(folder, agent), { force: true })
            },
            (cause) => unwritable(shown(agent), cause),
          ),
    ),
  )
