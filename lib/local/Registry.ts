/**
 * What a runtime has started, in files: should it be killed, the next one finds what is left and ends it. A process is
 * ended only if its id still means the one that was started.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { identity, identityNow, killGroup } from './Processes'

/** Something that was started: a process, or a container that is ended by a command. */
export interface Started {
  readonly pid: number
  /** The command that ends what the process alone does not, for instance `podman rm -f name`. */
  readonly undo?: ReadonlyArray<string>
  /** A folder that goes with it. */
  readonly folder?: string
}

interface Entry extends Started {
  readonly identity: string
  readonly owner: { readonly pid: number; readonly identity: string }
}

/** What a runtime has started. */
export interface Registry {
  /** Writes it down, before anything else can happen; gives what strikes it out. */
  readonly add: (started: Started) => () => void
  /** What earlier runtimes have started and can no longer end. Ends it. */
  readonly recover: (undo: (command: ReadonlyArray<string>) => Promise<void>) => Task<ReadonlyArray<Started>>
}

const unknown = ''

const identityOrUnknown = (pid: number): string => O.getOrElse(() => unknown)(identityNow(pid))

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

const ownerIn = (value: unknown): Entry['owner'] | undefined =>
  isRecord(value) && typeof value['pid'] === 'number' && typeof value['identity'] === 'string'
    ? { pid: value['pid'], identity: value['identity'] }
    : undefined

const entryIn = (text: string): Entry | undefined => {
  try {
    const file: unknown = JSON.parse(text)
    if (!isRecord(file)) return undefined
    const { pid, identity: id, undo, folder } = file
    const owner = ownerIn(file['owner'])
    if (typeof pid !== 'number' || typeof id !== 'string' || owner === undefined) return undefined
    return {
      pid,
      identity: id,
      owner,
      ...(isStrings(undo) ? { undo } : {}),
      ...(typeof folder === 'string' ? { folder } : {}),
    }
  } catch {
    return undefined // half of a file, or someone else's
  }
}

const isSame = async (pid: number, known: string): Promise<boolean> => {
  if (known === unknown) return false
  const now = await identity(pid)()
  return O.isSome(now) && now.value === known
}

/** The registry in a folder, which is made when it is needed. */
export const registryIn = (folder: string): Registry => {
  const self = { pid: process.pid, identity: identityOrUnknown(process.pid) }

  const write = (entry: Entry): void => {
    const path = join(folder, `${entry.pid}.json`)
    writeFileSync(`${path}.tmp`, JSON.stringify(entry), { mode: 0o600 })
    renameSync(`${path}.tmp`, path)
  }

  const add = (started: Started): (() => void) => {
    mkdirSync(folder, { recursive: true })
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

  const recover: Registry['recover'] = (undo) => async () => {
    const names = await readdir(folder).catch(() => [])
    const ended: Array<Started> = []
    for (const name of names.filter((file) => file.endsWith('.json'))) {
      const path = join(folder, name)
      const entry = entryIn(await readFile(path, 'utf8').catch(() => ''))
      if (entry !== undefined && (await isSame(entry.owner.pid, entry.owner.identity))) continue
      if (entry !== undefined) {
        const isLeft = await isSame(entry.pid, entry.identity)
        if (isLeft) killGroup(entry.pid)
        if (entry.undo !== undefined) await undo(entry.undo)
        if (entry.folder !== undefined) await rm(entry.folder, { recursive: true, force: true, maxRetries: 3 })
        if (isLeft || entry.undo !== undefined) ended.push(entry)
      }
      await rm(path, { force: true })
    }
    return ended
  }

  return { add, recover }
}
