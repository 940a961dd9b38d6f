/**
 * Locks between processes: a file that only one of them can create. Its holder touches it regularly, so that the lock
 * of a killed process is taken over: at once if its death can be detected, else when the file has become stale. That is
 * why it is not `proper-lockfile`, whose locks do not name their holder and so stay locked until stale.
 */
import { link, lstat, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as O from 'fp-ts/Option'
import { explain, isDead, lockText, type Owner, thisOwner } from './LockOwner'
import { errorCode, isMissing, unlessMissing } from '../SystemError'
import { temporaryName } from './AtomicFile'

type Release = () => Promise<void>

/** Locks in a folder, by name. */
export interface FileLocks {
  /** Waits for the lock; returns its release, or none if the signal aborts first. */
  readonly acquire: (name: string, signal: AbortSignal) => Promise<O.Option<Release>>
  /** Runs an operation under the lock; none if another holder keeps it for so many milliseconds. */
  readonly attempt: <A>(name: string, within: number, operation: () => Promise<A>) => Promise<O.Option<A>>
  /** The holder of the lock, as text. */
  readonly owner: (name: string) => Promise<string>
  /** Rejects if these locks hold this one and another process has taken it over. */
  readonly check: (name: string) => Promise<void>
}

/** Times of locks, in milliseconds. */
export interface LockTimes {
  /** The interval at which the holder touches its lock. */
  readonly touch: number
  /** The time without a touch after which a lock is stale. */
  readonly stale: number
  /** The first and the longest pause between attempts. */
  readonly poll: readonly [number, number]
  /** Whether all processes are on this machine, so that the age of a file shows how long it was not touched. */
  readonly isLocal?: boolean
}

const defaults: LockTimes = { touch: 5000, stale: 30_000, poll: [5, 50] }

/** For a folder that only processes of this machine use. */
export const localTimes: LockTimes = { ...defaults, isLocal: true }

// ---------------------------------------------------------------------------------------------------------------------
// files
// ---------------------------------------------------------------------------------------------------------------------

interface Lock {
  readonly path: string
  readonly text: string
}

/** Windows reports `EPERM` for a file that is being removed. */
const isBeingRemoved = (cause: unknown): boolean => process.platform === 'win32' && errorCode(cause) === 'EPERM'

/** Creates the lock; false if it exists. */
const create = async ({ path, text }: Lock): Promise<boolean> => {
  try {
    await createWhole(path, text)
    return true
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST' || isBeingRemoved(cause)) return false
    if (!isMissing(cause)) throw cause
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return create({ path, text })
  }
}

/**
 * Creates a file together with its text: a process killed between the two would leave a lock that names nobody, and
 * everybody would wait until it is stale. A file system without hard links takes that risk.
 */
const createWhole = async (path: string, text: string): Promise<void> => {
  const temporary = join(dirname(path), temporaryName('lock'))
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 })
  try {
    await link(temporary, path).catch(async (cause: unknown) => {
      if (!hasNoLinks.has(errorCode(cause) ?? '')) throw cause
      await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

const hasNoLinks: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** The text of a lock; empty for anything but a file, such as a folder of that name. */
const toText = (path: string): Promise<O.Option<string>> =>
  unlessMissing(
    readFile(path, 'utf8').catch((cause: unknown) => {
      if (errorCode(cause) === 'EISDIR' || errorCode(cause) === 'ELOOP') return ''
      throw cause
    }),
  )

const isMine = async ({ path, text }: Lock): Promise<boolean> => {
  const found = await toText(path)
  return O.isSome(found) && found.value === text
}

/**
 * Removes the lock of a dead owner. One process does so at a time, and reads the lock again first: it may since have
 * been removed, and replaced by a newer one, which must stay.
 */
const takeAway = async (path: string, text: string, stale: number, self: Owner): Promise<void> => {
  const guard = { path: `${path}.tmp`, text: lockText(self) }
  if (!(await create(guard))) return dropGuard(guard.path, stale, self)
  try {
    const found = await toText(path)
    if (O.isNone(found) || found.value !== text) return
    await removeAside(path)
  } finally {
    if (await isMine(guard)) await rm(guard.path, { force: true })
  }
}

/** Removes the guard of a process that was killed while it removed a lock. */
const dropGuard = async (path: string, stale: number, self: Owner): Promise<void> => {
  const [text, stats] = await Promise.all([toText(path), unlessMissing(lstat(path))])
  if (O.isNone(text) || O.isNone(stats)) return
  if (isDead(self)(text.value) || Date.now() - stats.value.mtimeMs > 2 * stale) await removeAside(path)
}

/** Removes a file, or a folder of its name, by renaming it first, which only one process can do. */
const removeAside = async (path: string): Promise<void> => {
  const aside = join(dirname(path), temporaryName('lock'))
  await unlessMissing(rename(path, aside))
  await rm(aside, { force: true }).catch(() => undefined) // a folder remains, renamed
}

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    signal?.addEventListener('abort', over, { once: true })
  })

// ---------------------------------------------------------------------------------------------------------------------
// constructor
// ---------------------------------------------------------------------------------------------------------------------

/** Locks in the given folder, which is created on demand. */
export const createFileLocks = (folder: string, times: LockTimes = defaults): FileLocks => {
  const { touch, stale, poll, isLocal = false } = times
  const toPath = (name: string): string => join(folder, `${name}.lock`)
  const held = new Map<string, Lock>()
  const self = thisOwner()
  const isDeadTo = isDead(self)
  let touching: NodeJS.Timeout | undefined

  const touchAll = (): void => {
    for (const lock of held.values()) {
      void isMine(lock)
        .then((mine) => (mine ? utimes(lock.path, new Date(), new Date()) : undefined))
        .catch(() => undefined) // untouched it is taken over, which `check` detects
    }
  }

  const release = (name: string, lock: Lock) => async (): Promise<void> => {
    if (held.get(name) !== lock) return
    held.delete(name)
    if (held.size === 0) {
      clearInterval(touching)
      touching = undefined
    }
    if (await isMine(lock)) await rm(lock.path, { force: true })
  }

  const take = async (name: string): Promise<O.Option<Lock>> => {
    const lock = { path: toPath(name), text: lockText(self) }
    if (!(await create(lock))) return O.none
    held.set(name, lock)
    touching ??= setInterval(touchAll, touch).unref()
    return O.some(lock)
  }

  /** Measures staleness by this process's own clock, since those of several machines may differ. */
  const watch = (path: string): (() => Promise<void>) => {
    let seen = ''
    let since = performance.now()
    return async () => {
      const [text, stats] = await Promise.all([toText(path), unlessMissing(lstat(path))])
      if (O.isNone(text) || O.isNone(stats)) return
      const now = `${stats.value.ino} ${stats.value.mtimeMs} ${text.value}`
      if (now !== seen) since = performance.now()
      seen = now
      const isOld = performance.now() - since >= stale || (isLocal && Date.now() - stats.value.mtimeMs >= stale)
      if (isDeadTo(text.value) || isOld) await takeAway(path, text.value, stale, self)
    }
  }

  const wait = async (name: string, isOver: () => boolean, signal?: AbortSignal): Promise<O.Option<Release>> => {
    const look = watch(toPath(name))
    for (let ms = poll[0]; ; ms = Math.min(poll[1], ms * 2)) {
      let lock = await take(name)
      if (O.isNone(lock)) {
        await look()
        lock = await take(name)
      }
      if (O.isSome(lock)) return O.some(release(name, lock.value))
      if (isOver()) return O.none
      await pause(ms * (0.5 + Math.random()), signal)
    }
  }

  const acquire = (name: string, signal: AbortSignal): Promise<O.Option<Release>> =>
    signal.aborted ? Promise.resolve(O.none) : wait(name, () => signal.aborted, signal)

  const attempt = async <A>(name: string, within: number, operation: () => Promise<A>): Promise<O.Option<A>> => {
    const end = performance.now() + within
    const released = await wait(name, () => performance.now() >= end)
    if (O.isNone(released)) return O.none
    try {
      return O.some(await operation())
    } finally {
      await released.value()
    }
  }

  const check = async (name: string): Promise<void> => {
    const lock = held.get(name)
    if (lock === undefined || (await isMine(lock))) return
    throw new Error(
      `The state was not saved: another process has taken over the lock ${lock.path}, which this one had not touched for ${stale / 1000} seconds`,
    )
  }

  const owner = async (name: string): Promise<string> => explain(O.getOrElse(() => '')(await toText(toPath(name))))

  return { acquire, attempt, owner, check }
}
