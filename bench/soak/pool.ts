/** The sessions of the driver: some hundred that live for a while, each then replaced by a new one. */
import { randomUUID } from 'node:crypto'
import type { IO } from 'fp-ts/IO'
import { below } from './chance'

/** A session and what it must have counted to. */
export interface Session {
  readonly id: string
  readonly count: number
}

/** Sessions in use. */
export interface Pool {
  /** Any session, for an invocation that leaves the count alone. */
  readonly any: () => string
  /** A session that nobody else counts with until it is given back. */
  readonly lease: () => Session
  /** The session goes on with this count, or retires after as many leases as are good for one. */
  readonly giveBack: (session: Session) => void
  /** A new session comes in place of a leased one whose count nobody knows any more. */
  readonly replace: IO<void>
  readonly made: () => number
}

/** After how many leases on average a session is replaced. */
const leases = 40

const fresh = (): Session => ({ id: randomUUID(), count: 0 })

/** A pool of the given size. */
export const createPool = (size: number): Pool => {
  const free = Array.from({ length: size }, fresh)
  let made = size
  const renew = (): Session => {
    made += 1
    return fresh()
  }
  return {
    any: () => (free[below(free.length)] ?? renew()).id,
    lease: () => free.splice(below(free.length), 1)[0] ?? renew(),
    giveBack: (session) => void free.push(below(leases) === 0 ? renew() : session),
    replace: () => void free.push(renew()),
    made: () => made,
  }
}
