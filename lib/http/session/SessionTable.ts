/**
 * The sessions that an app tracks: interprets `TrackedSession` for each of them, evicts the least recently used when
 * there are too many, and expires those that nobody uses. Every operation takes constant time.
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { type AgentError, tooManySessions } from '../../core/AgentError'
import { isExpired, type Seen, type SessionId } from '../../core/Session'
import { type Clock, steady } from '../../node/Clock'
import { createQueue, type Link } from '../../node/queue/Queue'
import type { Settings } from '../state/Options'
import {
  type Drop,
  step,
  toPlace,
  type TrackCommand,
  type TrackedSession,
  type TrackEvent,
  untracked,
} from './TrackedSession'

export interface SessionTable {
  readonly enter: (id: SessionId) => void
  readonly leave: (id: SessionId) => void
  readonly isInUse: (id: SessionId) => boolean
  /** What happened to the state of a session in use; returns the session. Left `TooManySessions`. */
  readonly dispatch: (id: SessionId, event: TrackEvent) => E.Either<AgentError, TrackedSession>
  /** How many sessions have state, and how many are known: in use or with state. */
  readonly size: IO<{ readonly kept: number; readonly known: number }>
  /** Stops the timer. */
  readonly stop: IO<void>
}

/** It is queued while it has state and is not in use. */
interface Entry extends Link<Entry> {
  readonly id: SessionId
  state: TrackedSession
}

/** How many sessions expire at once: more would flood a store and delay requests. */
const batch = 500

/** No session is tracked yet. `drop` removes the state of one that is no longer tracked. */
export const createSessionTable = (
  { session: { idleTimeout, max }, clock }: Pick<Settings, 'session' | 'clock'>,
  drop: (id: SessionId, drop: Drop) => void,
): SessionTable => {
  const now = steady(clock)
  const next = step(idleTimeout)
  const entries = new Map<SessionId, Entry>()
  const idle = createQueue<Entry>() // least recently used first
  let kept = 0
  let gone: Entry | undefined

  const add = (id: SessionId): Entry => {
    // Written out: an object created by spreading takes twice the memory.
    const entry: Entry = { id, state: untracked(now()), older: undefined, newer: undefined, isQueued: false }
    entries.set(id, entry)
    return entry
  }

  const move = (entry: Entry, event: TrackEvent): E.Either<AgentError, TrackedSession> => {
    const [state, commands] = next(entry.state, event)
    if (state !== entry.state) place(entry, state)
    for (const command of commands) {
      const done = perform(entry, command)
      if (E.isLeft(done)) return done
    }
    return E.right(entry.state)
  }

  const place = (entry: Entry, state: TrackedSession): void => {
    const wasKept = entry.state.isKept
    entry.state = state
    if (wasKept !== state.isKept) kept += state.isKept ? 1 : -1
    if (state.isKept && !wasKept) timer.arm(idleTimeout)
    const where = toPlace(state)
    if (where === 'Idle') idle.push(entry)
    else idle.remove(entry)
    if (where === 'Gone') bury(entry)
  }

  /**
   * Forgets a session, but not before the next one goes: a client mostly sends its requests one after the other, and to
   * add and delete an entry for each of them costs 2 % of a small one, since a Map is built anew after a few deletions.
   */
  const bury = (entry: Entry): void => {
    const before = gone
    gone = entry
    if (before !== undefined && before !== entry && isGone(before)) entries.delete(before.id)
  }

  const perform = (entry: Entry, command: TrackCommand): E.Either<AgentError, unknown> => {
    switch (command._tag) {
      case 'Admit':
        return admit(entry, command.seen)
      case 'Drop':
        return E.right(drop(entry.id, command))
    }
  }

  const admit = (entry: Entry, seen: Seen | undefined): E.Either<AgentError, unknown> => {
    if (kept >= max) {
      const victim = idle.oldest()
      if (victim === undefined) return E.left(tooManySessions(max))
      move(victim, { _tag: 'Evicted' })
    }
    return move(entry, { _tag: 'Admitted', seen })
  }

  const expire = (): void => {
    const at = now()
    let oldest = idle.oldest()
    for (let count = 0; count < batch && oldest !== undefined; count += 1, oldest = idle.oldest()) {
      if (!isExpired(at, idleTimeout)(oldest.state)) break
      move(oldest, { _tag: 'Due', now: at })
    }
    if (oldest !== undefined) timer.arm(Math.max(1, oldest.state.lastUsed + idleTimeout - at))
    else if (kept > 0) timer.arm(idleTimeout)
  }
  const timer = createTimer(clock, expire)

  const dispatch = (id: SessionId, event: TrackEvent): E.Either<AgentError, TrackedSession> =>
    move(entries.get(id) ?? add(id), event)

  return {
    dispatch,
    enter: (id) => void dispatch(id, { _tag: 'Entered', now: now() }),
    leave: (id) => {
      const entry = entries.get(id)
      if (entry !== undefined) move(entry, { _tag: 'Left', now: now() })
    },
    isInUse: (id) => (entries.get(id)?.state.users ?? 0) > 0,
    size: () => ({ kept, known: entries.size - (gone !== undefined && isGone(gone) ? 1 : 0) }),
    stop: timer.stop,
  }
}

/** A timer that is armed at most once at a time. */
const createTimer = (clock: Clock, f: IO<void>) => {
  let cancel: IO<void> | undefined
  return {
    arm: (after: number): void => {
      cancel ??= clock.after(after, () => {
        cancel = undefined
        f()
      })
    },
    stop: (): void => {
      cancel?.()
      cancel = undefined
    },
  }
}

const isGone = ({ state }: Entry): boolean => toPlace(state) === 'Gone'
