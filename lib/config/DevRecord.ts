/**
 * The record of an agent that `agentcore dev` serves: `.bedrock_agentcore/dev/<agent>.<process>.json`, by which other
 * commands find it. It is sealed, as that of a local runtime is, and removed when `agentcore dev` ends. One that was killed
 * leaves it behind: `identity` tells its process from a later one with its id.
 */
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import { hasPrivateFolder, stateFolder } from '../node/file/PrivateFile'
import { decodeNow } from './decodeNow'
import { Endpoint, Pid } from './LocalRecord'
import { readSealed, writeSealed } from './Sealed'

const DevRecord = t.type({
  agent: t.string,
  pid: Pid,
  /** What tells the process from a later one with its id. */
  identity: t.string,
  /** `http://127.0.0.1:8080` */
  endpoint: Endpoint,
  /** ISO 8601. */
  startedAt: t.string,
  /** The secret by which `agentcore dev` and the commands of this user know each other. */
  control: t.string,
})

/** An agent that `agentcore dev` serves. */
export type DevRecord = t.TypeOf<typeof DevRecord>

const folderIn = (folder: string): string => join(folder, stateFolder, 'dev')

const toPath = (folder: string, { agent, pid }: Pick<DevRecord, 'agent' | 'pid'>): string =>
  join(folderIn(folder), `${agent}.${pid}.json`)

const readOne = (path: string): O.Option<DevRecord> =>
  pipe(
    O.tryCatch(() => readSealed(path)),
    O.chain((found) => (found._tag === 'Own' ? O.fromEither(decodeNow(DevRecord)(found.value)) : O.none)),
  )

const namesIn = (folder: string): ReadonlyArray<string> =>
  pipe(
    E.tryCatch(
      () => (hasPrivateFolder(folder) ? readdirSync(folder) : []),
      () => undefined,
    ),
    E.getOrElse((): ReadonlyArray<string> => []),
  )

/** All records of a folder that this user's commands have written there, the newest first. */
export const readAllDev = (folder: string): ReadonlyArray<DevRecord> =>
  namesIn(folderIn(folder))
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const found = readOne(join(folderIn(folder), name))
      return O.isSome(found) ? [found.value] : []
    })
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))

/** Writes a record, whole or not at all. Rejects where it cannot. */
export const writeDev = (folder: string, record: DevRecord): Promise<void> =>
  writeSealed(toPath(folder, record), record)

/** Removes a record. */
export const removeDev = (folder: string, record: Pick<DevRecord, 'agent' | 'pid'>): Promise<void> =>
  rm(toPath(folder, record), { force: true })
