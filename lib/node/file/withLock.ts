/** Serializes work of commands across processes. */
import { basename, dirname } from 'node:path'
import * as O from 'fp-ts/Option'
import { createFileLocks, localTimes } from './FileLocks'

/** How long to wait for a lock that another process holds, in milliseconds. */
const waitAtMost = 15_000

/** The outcome of waiting for a lock. */
export type Outcome<A> =
  { readonly _tag: 'Held'; readonly value: A } | { readonly _tag: 'Busy'; readonly owner: string }

/** Runs work while holding the lock beside this path; `Busy` if another process does not release it in time. */
export const withLock = async <A>(path: string, use: () => Promise<A>): Promise<Outcome<A>> => {
  const [locks, name] = [createFileLocks(dirname(path), localTimes), basename(path)]
  const done = await locks.attempt(name, waitAtMost, use)
  return O.isSome(done) ? { _tag: 'Held', value: done.value } : { _tag: 'Busy', owner: await locks.owner(name) }
}
