/**
 * The record of an agent that `agentcore dev` serves: `.bedrock_agentcore/dev/<agent>.json`, by which other commands find
 * it. It is sealed, as that of a local runtime is, and removed when `agentcore dev` ends.
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

const toPath = (folder: string, agent: string): string => join(folderIn(folder), `${agent}.json`)

/** The record of an agent; none if there is none that this user's commands have written here. */
export const readDev = (folder: string, agent: string): O.Option<DevRecord> =>
  pipe(
    O.tryCatch(() => readSealed(toPath(folder, agent))),
    O.chain((found) => (found._tag === 'Own' ? O.fromEither(decodeNow(DevRecord)(found.value)) : O.none)),
  )

/** All records of a folder. */
export const readAllDev = (folder: string): ReadonlyArray<DevRecord> => {
  const names = E.tryCatch(
    () => (hasPrivateFolder(folderIn(folder)) ? readdirSync(folderIn(folder)) : []),
    () => undefined,
  )
  return E.isLeft(names)
    ? []
    : names.right.flatMap((name) => {
        const agent = /^(.+)[.]json$/.exec(name)?.[1]
        return agent === undefined
          ? []
          : (O.toUndefined(O.map((record: DevRecord) => [record])(readDev(folder, agent))) ?? [])
      })
}

/** Writes a record, whole or not at all. Rejects where it cannot. */
export const writeDev = (folder: string, record: DevRecord): Promise<void> =>
  writeSealed(toPath(folder, record.agent), record)

/** Removes a record, if it is still that of the process. */
export const removeDev = async (folder: string, { agent, pid }: DevRecord): Promise<void> => {
  const found = readDev(folder, agent)
  if (O.isSome(found) && found.value.pid === pid) await rm(toPath(folder, agent), { force: true })
}
