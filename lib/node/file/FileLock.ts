/**
 * A lock between processes: a file that only one can make. It names its maker, so that one whose maker has died, or has
 * held it for longer than any command writes, is taken away.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../process/Processes'
import { errorCode } from '../SystemError'

/** The lock is held for one reading and writing of a small file. Milliseconds. */
const heldAtMost = 30_000
const waitAtMost = 15_000
const brokenWithin = 5_000

/** Who holds a lock. */
interface Owner {
  readonly pid: number
  readonly nonce: string
}

const ownerIn = (text: string): Owner | undefined => {
  const [pid, nonce] = text.trim().split(' ')
  return pid !== undefined && /^\d+$/.test(pid) && nonce !== undefined ? { pid: Number(pid), nonce } : undefined
}

const readAge = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** A lock that was made but not yet written has no owner; it gets one at once, or its age tells. */
const isStale = async (path: string, text: string): Promise<boolean> => {
  const owner = ownerIn(text)
  return (owner !== undefined && !isAlive(owner.pid)) || (await readAge(path)) > heldAtMost
}

/** Takes a stale lock away. One process at a time may: else a fresh lock could be taken for the stale one. */
const breakStale = async (path: string): Promise<void> => {
  const guard = `${path}.break`
  try {
    await mkdir(guard, { mode: 0o700 })
  } catch {
    if ((await readAge(guard)) > brokenWithin) await rmdir(guard).catch(() => undefined) // another one was faster
    return
  }
  try {
    if (await isStale(path, await read(path))) await rm(path, { force: true })
  } finally {
    await rmdir(guard)
  }
}

const take = async (path: string, until: number): Promise<string | undefined> => {
  const mine = `${process.pid} ${randomUUID()}\n`
  try {
    await writeFile(path, mine, { flag: 'wx', mode: 0o600 })
    return mine
  } catch (cause) {
    // Windows says EPERM of a file that is being removed.
    if (!['EEXIST', 'EPERM'].includes(errorCode(cause) ?? '') || Date.now() > until) {
      if (errorCode(cause) === 'EEXIST') return undefined
      throw cause
    }
  }
  if (await isStale(path, await read(path))) await breakStale(path)
  await sleep(5 + Math.random() * 20)
  return take(path, until)
}

/** What came of waiting for a lock. */
export type Outcome<A> =
  { readonly _tag: 'Held'; readonly value: A } | { readonly _tag: 'Busy'; readonly owner: string }

/** Runs with the lock at this path held; `Busy` if another process does not give it up in time. */
export const withLock = async <A>(path: string, use: () => Promise<A>): Promise<Outcome<A>> => {
  await mkdir(dirname(path), { recursive: true })
  const mine = await take(path, Date.now() + waitAtMost)
  if (mine === undefined) {
    const owner = ownerIn(await read(path))
    return { _tag: 'Busy', owner: owner === undefined ? 'another process' : `process ${owner.pid}` }
  }
  try {
    return { _tag: 'Held', value: await use() }
  } finally {
    if ((await read(path)) === mine) await rm(path, { force: true })
  }
}
