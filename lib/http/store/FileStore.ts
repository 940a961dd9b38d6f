/** Session state in files: survives a restart, and a kill in the midst of a write. Processes may share the folder. */
import { createHash } from 'node:crypto'
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, storeFailed } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import { isUnchanged, type Seen, type SessionId, type Store, type Stored } from '../../core/Session'
import { createFileLocks, type FileLocks } from '../../node/file/FileLocks'
import { unlessMissing } from '../../node/SystemError'
import { format, putAside, read, write } from './StateFile'

/** A file's name is the hash of the id, since an id may hold any character, and be longer than a name. */
const toName = (id: SessionId): string => `${createHash('sha256').update(id).digest('hex')}.json`

const attempt = <A>(f: () => Promise<A>): TE.TaskEither<AgentError, A> => TE.tryCatch(f, storeFailed)

/** A damaged file would fail each invocation of its session: the session begins anew, and the file is kept for people. */
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

/** How long a removal waits for another one, of another app, in milliseconds: an invocation takes longer. */
const patience = 1000

/** Removes the state unless it has changed, or another process is at work on it. */
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

/** Other processes may be at work on what is younger, however short the idle timeout, in milliseconds. */
const leftBehind = 60_000

/**
 * Removes the files that were last written before a moment: expired sessions, unless another process is at work on them,
 * and what a kill left behind. Damaged files that were moved aside stay.
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
 * A store that keeps each session in a file of the given folder, which is made when it is needed. Processes may share
 * the folder: who holds a session's lock, as stateful handlers do, makes those of other processes wait. The lock of a
 * process that was killed is taken over, at once on the same machine, otherwise after 30 seconds. A file that is
 * damaged is moved aside with an error in the log, and its session starts without state.
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
  const locks = createFileLocks(folder)
  return {
    load: (id, log) => attempt(() => load(folder, id, log)),
    save: (id, stored) => attempt(() => write(folder, toName(id), format(id, stored), () => locks.check(toName(id)))),
    remove: (id) => attempt(() => rm(join(folder, toName(id)), { force: true })),
    removeIf: (id, seen) => attempt(() => removeIf(folder, locks, id, seen)),
    lock: (id, signal) => attempt(() => locks.acquire(toName(id), signal)),
    sweep: (before) => attempt(() => sweep(folder, locks, before)),
  }
}
