/**
 * The registry of what a runtime has started, in files: if it is killed, the next runtime finds and stops what is left.
 * Files are sealed and never say how to stop something, so that a forged one does no harm: a process is killed only if
 * its id still means the same process, a container only by its name on a known engine, a folder removed only among
 * those of sessions.
 */
import { rmSync } from 'node:fs'
import { lstat, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
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

/** A container, which may outlive the command that runs it. */
export interface Container {
  readonly engine: string
  /** `agentcore-` and a UUID. */
  readonly name: string
}

/** A registry entry: a process, or a container and the command that runs it. */
export interface Started {
  readonly pid: number
  readonly container?: Container
  /** Its session folder, one of `sessions` beside the registry. */
  readonly folder?: string
  /** Its temporary folder, in that of the system. */
  readonly temporary?: string
}

/** How the names of temporary folders begin. */
export const temporaryPrefix = 'agentcore-tmp-'

interface Entry extends Started {
  readonly identity: string
  readonly owner: { readonly pid: number; readonly identity: string }
}

/** The outcome of recovery. */
export interface Recovered {
  readonly ended: ReadonlyArray<Started>
  /** Files without a valid seal. */
  readonly ignored: ReadonlyArray<string>
}

/** The registry of a runtime. */
export interface Registry {
  /** Records an entry synchronously, before any other event; returns its removal. */
  readonly add: (started: Started) => () => void
  /** Stops what earlier runtimes have started and left behind. */
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
  const { pid, identity: id, folder, temporary } = file
  const [owner, container] = [ownerIn(file['owner']), containerIn(file['container'])]
  if (!isPid(pid) || typeof id !== 'string' || owner === undefined) return undefined
  return {
    pid,
    identity: id,
    owner,
    ...(container === undefined ? {} : { container }),
    ...(typeof folder === 'string' ? { folder } : {}),
    ...(typeof temporary === 'string' ? { temporary } : {}),
  }
}

/** Parses the entry of a file; undefined if it is not valid. */
const entryAt = (path: string): Entry | undefined => {
  try {
    const found = readSealed(path)
    const entry = found._tag === 'Own' ? entryIn(found.value) : undefined
    return entry !== undefined && basename(path) === `${entry.pid}.json` ? entry : undefined
  } catch {
    return undefined // a link, a FIFO or a folder: not ours
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// ending
// ---------------------------------------------------------------------------------------------------------------------

/** The container, or the engine, may no longer exist. */
const removeContainer = async ({ engine, name }: Container): Promise<void> => {
  await runCommand({ file: engine, args: ['rm', '-f', name], timeout: 60_000 })()
}

/** Removes a session folder: a real one, directly below the folder of sessions. */
const removeFolder = async (sessions: string, folder: string): Promise<void> => {
  const place = join(sessions, basename(folder))
  if (!hasPrivateFolder(sessions)) return
  const isReal = await lstat(place).then(
    (found) => found.isDirectory(),
    () => false, // already removed
  )
  if (!isReal || dirname(await realpath(place)) !== (await realpath(sessions))) return
  await rm(place, { recursive: true, force: true, maxRetries: 3 })
}

const temporaryName = new RegExp(`^${temporaryPrefix}[A-Za-z0-9]{6}$`)

/** Removes a temporary folder: a real one of this user, by a name that `mkdtemp` gives, in the system's own folder. */
const removeTemporary = async (folder: string): Promise<void> => {
  const place = join(tmpdir(), basename(folder))
  if (!temporaryName.test(basename(folder))) return
  const isOurs = await lstat(place).then(
    (found) => found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid),
    () => false, // already removed
  )
  if (isOurs) await rm(place, { recursive: true, force: true, maxRetries: 3 })
}

const end = async (entry: Entry, sessions: string): Promise<boolean> => {
  const isLeft = await isSame(entry.pid, entry.identity)
  if (isLeft) killGroup(entry.pid)
  if (entry.container !== undefined) await removeContainer(entry.container)
  if (entry.folder !== undefined) await removeFolder(sessions, entry.folder)
  if (entry.temporary !== undefined) await removeTemporary(entry.temporary)
  return isLeft || entry.container !== undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// the registry
// ---------------------------------------------------------------------------------------------------------------------

/** The registry of a runtime, in the given folder, which is created on demand. */
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

/** A warning about ignored files, if any. Their names, which may contain anything, are not repeated. */
export const ignoredLines = ({ ignored: [first, ...others] }: Recovered): ReadonlyArray<string> =>
  first === undefined
    ? []
    : [
        `${others.length + 1} of the files in ${dirname(first)} were not written by agentcore for you in this folder and are ignored; remove them`,
      ]

/** What was recovered, a line each. */
export const recoveredLines = (recovered: Recovered): ReadonlyArray<string> => [
  ...recovered.ended.map(
    ({ pid, container }) =>
      `Stopped what an earlier runtime left behind: ${container === undefined ? `process ${pid}` : `container ${container.name}`}`,
  ),
  ...ignoredLines(recovered),
]
