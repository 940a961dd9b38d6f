/**
 * What a runtime has started, in files: should it be killed, the next one finds what is left and ends it. Files are
 * sealed, and say what was started but never how it is ended: a process only if its id still means the one that was
 * started, a container of a known engine by its name, a folder only among those of sessions.
 */
import { rmSync } from 'node:fs'
import { lstat, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { hasPrivateFolder } from '../../node/file/PrivateFile'
import { readSealed, type Sealable, writeSealedNow } from '../../config/Sealed'
import { runCommand } from '../../node/process/ChildCommand'
import { identity, identityNow, isSame, killGroup } from '../../node/process/Processes'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

const engines = ['docker', 'podman', 'finch'] as const

/** A container that does not end with the command that runs it. */
export interface Container {
  readonly engine: string
  /** `agentcore-` and a UUID. */
  readonly name: string
}

/** Something that was started: a process, or a container and the command that runs it. */
export interface Started {
  readonly pid: number
  readonly container?: Container
  /** A folder that goes with it, one of `sessions` beside the registry. */
  readonly folder?: string
}

interface Entry extends Started {
  readonly identity: string
  readonly owner: { readonly pid: number; readonly identity: string }
}

/** What came of looking for what was left behind. */
export interface Recovered {
  readonly ended: ReadonlyArray<Started>
  /** Files that were not believed. */
  readonly ignored: ReadonlyArray<string>
}

/** What a runtime has started. */
export interface Registry {
  /** Writes it down, before anything else can happen; gives what strikes it out. */
  readonly add: (started: Started) => () => void
  /** Ends what earlier runtimes have started and can no longer end. */
  readonly recover: Task<Recovered>
}

// ---------------------------------------------------------------------------------------------------------------------
// reading an entry
// ---------------------------------------------------------------------------------------------------------------------

const unknown = ''

const isRecord = (value: unknown): value is Sealable => typeof value === 'object' && value !== null

const isPid = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 1

const ownerIn = (value: unknown): Entry['owner'] | undefined =>
  isRecord(value) && isPid(value['pid']) && typeof value['identity'] === 'string'
    ? { pid: value['pid'], identity: value['identity'] }
    : undefined

const containerName = /^agentcore-[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

const containerIn = (value: unknown): Container | undefined => {
  if (!isRecord(value)) return undefined
  const { engine, name } = value
  const known = engines.find((candidate) => candidate === engine)
  return known !== undefined && typeof name === 'string' && containerName.test(name)
    ? { engine: known, name }
    : undefined
}

const entryIn = (file: Sealable): Entry | undefined => {
  const { pid, identity: id, folder } = file
  const [owner, container] = [ownerIn(file['owner']), containerIn(file['container'])]
  if (!isPid(pid) || typeof id !== 'string' || owner === undefined) return undefined
  return {
    pid,
    identity: id,
    owner,
    ...(container === undefined ? {} : { container }),
    ...(typeof folder === 'string' ? { folder } : {}),
  }
}

/** The entry of a file; undefined where it is not one of ours. */
const entryAt = (path: string): Entry | undefined => {
  try {
    const found = readSealed(path)
    const entry = found._tag === 'Own' ? entryIn(found.value) : undefined
    return entry !== undefined && basename(path) === `${entry.pid}.json` ? entry : undefined
  } catch {
    return undefined // a link, a FIFO, a folder: not of this library
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// ending
// ---------------------------------------------------------------------------------------------------------------------

/** It may be gone, and the engine too. */
const removeContainer = async ({ engine, name }: Container): Promise<void> => {
  await runCommand({ file: engine, args: ['rm', '-f', name], timeout: 60_000 })()
}

/** Removes a folder of a session: a real one, right below the folder of the sessions. */
const removeFolder = async (sessions: string, folder: string): Promise<void> => {
  const place = join(sessions, basename(folder))
  if (!hasPrivateFolder(sessions)) return
  const isReal = await lstat(place).then(
    (found) => found.isDirectory(),
    () => false, // it is gone
  )
  if (!isReal || dirname(await realpath(place)) !== (await realpath(sessions))) return
  await rm(place, { recursive: true, force: true, maxRetries: 3 })
}

const end = async (entry: Entry, sessions: string): Promise<boolean> => {
  const isLeft = await isSame(entry.pid, entry.identity)
  if (isLeft) killGroup(entry.pid)
  if (entry.container !== undefined) await removeContainer(entry.container)
  if (entry.folder !== undefined) await removeFolder(sessions, entry.folder)
  return isLeft || entry.container !== undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// the registry
// ---------------------------------------------------------------------------------------------------------------------

/** The registry of a runtime that keeps its files in the given folder. It is made when it is needed. */
export const registryIn = (state: string): Registry => {
  const [folder, sessions] = [join(state, 'processes'), join(state, 'sessions')]
  const identityOrUnknown = (pid: number): string => O.getOrElse(() => unknown)(identityNow(pid))
  const self = { pid: process.pid, identity: identityOrUnknown(process.pid) }

  const write = (entry: Entry): void => writeSealedNow(join(folder, `${entry.pid}.json`), { ...entry })

  const add = (started: Started): (() => void) => {
    const entry = { ...started, identity: identityOrUnknown(started.pid), owner: self }
    write(entry)
    let isOver = false
    if (entry.identity === unknown || self.identity === unknown) {
      void Promise.all([identity(started.pid)(), identity(process.pid)()]).then(([its, ours]) => {
        if (isOver || O.isNone(its) || O.isNone(ours)) return
        write({ ...entry, identity: its.value, owner: { ...self, identity: ours.value } })
      })
    }
    return () => {
      isOver = true
      rmSync(join(folder, `${started.pid}.json`), { force: true })
    }
  }

  const recover = async (): Promise<Recovered> => {
    const names = hasPrivateFolder(folder) ? await readdir(folder) : []
    const ended: Array<Started> = []
    const ignored: Array<string> = []
    for (const path of names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name))) {
      const entry = entryAt(path)
      if (entry === undefined) {
        ignored.push(path)
        continue
      }
      if (await isSame(entry.owner.pid, entry.owner.identity)) continue
      if (await end(entry, sessions)) ended.push(entry)
      await rm(path, { force: true })
    }
    return { ended, ignored }
  }

  return { add, recover }
}

/** That files were ignored, where any were; their names, which may hold anything, are not repeated. */
export const ignoredLines = ({ ignored: [first, ...others] }: Recovered): ReadonlyArray<string> =>
  first === undefined
    ? []
    : [
        `${others.length + 1} of the files in ${dirname(first)} were not written by agentcore for you in this folder, so they are ignored: remove them`,
      ]

/** What there is to say of what was recovered, one line each. */
export const recoveredLines = (recovered: Recovered): ReadonlyArray<string> => [
  ...recovered.ended.map(
    ({ pid, container }) =>
      `Ended what an earlier runtime has left behind: ${container === undefined ? `process ${pid}` : `container ${container.name}`}`,
  ),
  ...ignoredLines(recovered),
]
