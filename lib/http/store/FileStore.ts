/** A session store in files: it survives restarts, and kills during a write. Several processes may share the folder. */
import { createHash } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, storeFailed } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import { isUnchanged, type Seen, type SessionId, type Store, type Stored } from '../../core/Session'
import type { FileLocks } from '../../node/file/FileLocks'
import { unlessMissing } from '../../node/SystemError'
import { loadFileLocks } from './LoadFileLocks'
import { format, putAside, read, write } from './StateFile'

/** The file name is a hash of the id, since an id may contain any character and be longer than a file name. */
const toName = (id: SessionId): string => `${createHash('sha256').update(id).digest('hex')}.json`

const attempt = <A>(f: () => Promise<A>): TE.TaskEither<AgentError, A> => TE.tryCatch(f, storeFailed)

/**
 * Moves a damaged file aside, which would otherwise fail every invocation of its session, and keeps it for inspection.
 */
const load = async (folder: string, id: SessionId, log: Log | undefined): Promise<O.Option<Stored>> => {
  const file = join(folder, toName(id))
  const found = await read(id, file)
  switch (found._tag) {
    case 'Missing':
      return O.none
    case 'State':
      return O.some(found.stored)
    case 'Damaged': {
      const movedTo = await putAside(file)
      if (O.isSome(movedTo)) {
        const text = `The state file of a session is damaged: ${found.reason}. It was moved aside, and the session starts without state`
        log?.error(text, { session: id, file, movedTo: movedTo.value })()
      }
      return O.none
    }
  }
}

/**
 * How long a removal waits for the lock, in milliseconds, so that one by another app can finish but an invocation
 * cannot.
 */
const patience = 1000

/** Removes the state unless it has changed, or another process holds the lock. */
const removeIf = async (folder: string, locks: FileLocks, id: SessionId, seen: Seen): Promise<boolean> => {
  const path = join(folder, toName(id))
  const removed = await locks.attempt(toName(id), patience, async () => {
    const found = await read(id, path)
    if (found._tag !== 'State' || !isUnchanged(seen)(found.stored)) return false
    await rm(path, { force: true })
    return true
  })
  return O.isSome(removed) && removed.value
}

const isOlder = async (path: string, before: number): Promise<boolean> => {
  const stats = await unlessMissing(lstat(path))
  return O.isSome(stats) && stats.value.isFile() && stats.value.mtimeMs < before
}

/** Younger files may be in use by another process, however short the idle timeout. In milliseconds. */
const leftBehind = 60_000

/**
 * Removes files last written before the given time: expired sessions that no other process has locked, and leftovers of
 * killed processes. Damaged files that were moved aside stay.
 */
const sweep = async (folder: string, locks: FileLocks, before: number): Promise<void> => {
  const names = O.getOrElse((): ReadonlyArray<string> => [])(await unlessMissing(readdir(folder)))
  const remove = async (path: string, moment: number): Promise<void> => {
    if (await isOlder(path, moment)) await rm(path, { force: true })
  }
  for (const name of names) {
    const path = join(folder, name)
    if (name.endsWith('.json')) {
      if (await isOlder(path, before)) await locks.attempt(name, 0, () => remove(path, before))
    } else if (/[.](tmp|lock)$/.test(name)) {
      await remove(path, Math.min(before, Date.now() - leftBehind))
    }
  }
}

/**
 * A store that keeps each session in a file of the given folder, which is created on demand. Several processes may
 * share the folder: whoever holds a session's lock, as stateful handlers do, makes the others wait. The lock of a
 * killed process is taken over, on the same machine at once, otherwise after 30 seconds. A damaged file is moved aside
 * with an error in the log, and its session starts without state.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Handler, Session } from 'agentcore-fp'
 *
 * export const app = createApp(entrypoint(Handler.fromSync(() => 'hello')), {
 *   session: { store: Session.fileStore('sessions') },
 * })
 * ```
 */
export const fileStore = (folder: string): Store => {
  const locks = loadFileLocks().createFileLocks(folder)
  return {
    load: (id, log) => attempt(() => load(folder, id, log)),
    save: (id, stored) => attempt(() => write(folder, toName(id), format(id, stored), () => locks.check(toName(id)))),
    remove: (id) => attempt(() => rm(join(folder, toName(id)), { force: true })),
    removeIf: (id, seen) => attempt(() => removeIf(folder, locks, id, seen)),
    lock: (id, signal) => attempt(() => locks.acquire(toName(id), signal)),
    sweep: (before) => attempt(() => sweep(folder, locks, before)),
  }
}
