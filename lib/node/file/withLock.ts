/** Runs work of commands one after the other, whichever processes they run in. */
import { basename, dirname } from 'node:path'
import * as O from 'fp-ts/Option'
import { createFileLocks, localTimes } from './FileLocks'

/** How long another process may hold a lock that is waited for, in milliseconds. */
const waitAtMost = 15_000

/** What came of waiting for a lock. */
export type Outcome<A> =
  { readonly _tag: 'Held'; readonly value: A } | { readonly _tag: 'Busy'; readonly owner: string }

/** Runs with the lock beside this path held; `Busy` if another process does not give it up in time. */
export const withLock = async <A>(path: string, use: () => Promise<A>): Promise<Outcome<A>> => {
  const [locks, name] = [createFileLocks(dirname(path), localTimes), basename(path)]
  const done = await locks.attempt(name, waitAtMost, use)
  return O.isSome(done) ? { _tag: 'Held', value: done.value } : { _tag: 'Busy', owner: await locks.owner(name) }
}
