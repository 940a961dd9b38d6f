/** The sessions of an app: who uses them, the timer that drops unused ones, and their locks. */
import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { type AgentError, tooManySessions } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import {
  type Access,
  enter,
  isExpired,
  leave,
  type Seen,
  type SessionId,
  type Stored,
  unused,
  type Use,
} from '../../core/Session'
import { steady } from '../../node/Clock'
import type { Eviction, Settings } from '../state/Options'
import { createQueue, type Link } from '../../node/queue/Queue'
import { createSessionLocks } from './SessionLocks'
import { sharedStore } from './SharedStore'

/** The sessions of an app. */
export interface Sessions {
  /** Records that a request or task starts to use the session. */
  readonly enter: (id: SessionId) => void
  /** Records that it no longer uses it. */
  readonly leave: (id: SessionId) => void
  /** The state of a session, for a user whose signal aborts when it is gone. */
  readonly access: (id: SessionId, signal: () => AbortSignal, cancel: IO<number>) => Access
  /** How many sessions have state, and how many are known: in use or with state. */
  readonly size: IO<{ readonly kept: number; readonly known: number }>
  /** Stops the timer. */
  readonly stop: IO<void>
}

/** A session that is in use or has state. It is queued while it has state and is not in use. */
interface Entry extends Link<Entry> {
  readonly id: SessionId
  use: Use
  isKept: boolean
  /** What this app last loaded or saved: the time, negative before that, and the version. */
  savedAt: number
  version: string | undefined
}

/** How many sessions are dropped at once: more would flood a store and delay requests. */
const batch = 500

/** Creates the sessions of an app. Failures that nobody waits for are logged. */
export const createSessions = (
  { session: { store: given, idleTimeout, max, onEvict }, clock }: Pick<Settings, 'session' | 'clock'>,
  log: Log,
): Sessions => {
  const store = sharedStore(given)
  const now = steady(clock)
  const entries = new Map<SessionId, Entry>()
  const idle = createQueue<Entry>() // least recently used first
  const dropping = new Map<SessionId, Promise<void>>()
  const app = randomBytes(4).toString('base64url')
  let kept = 0
  let saves = 0
  let cancelTimer: IO<void> | undefined
  let sweeping: Promise<void> | undefined
  let isSwept = false

  const report = (cause: unknown): void => log.error('A session could not be dropped', { error: cause })()

  const reportLeft = (result: E.Either<AgentError, unknown>): void => {
    if (E.isLeft(result)) report(result.left)
  }

  const lock = createSessionLocks(store, report)

  // --- usage

  const toEntry = (id: SessionId): Entry => {
    const known = entries.get(id)
    if (known !== undefined) return known
    // Written out: an object created by spreading takes twice the memory.
    const entry: Entry = {
      id,
      use: unused(now()),
      isKept: false,
      savedAt: -1,
      version: undefined,
      older: undefined,
      newer: undefined,
      isQueued: false,
    }
    entries.set(id, entry)
    return entry
  }

  /** Queues or dequeues an entry, and deletes one that is neither in use nor has state. */
  const settle = (entry: Entry): void => {
    if (entry.use.users > 0 || !entry.isKept) idle.remove(entry)
    else idle.push(entry)
    if (entry.use.users === 0 && !entry.isKept) entries.delete(entry.id)
  }

  const enterNow = (id: SessionId): void => {
    const at = now()
    const known = entries.get(id)
    if (known?.isKept === true && isExpired(at, idleTimeout)(known.use)) drop(known, 'expired')
    const entry = toEntry(id)
    entry.use = enter(at)(entry.use)
    idle.remove(entry)
  }

  const leaveNow = (id: SessionId): void => {
    const entry = entries.get(id)
    if (entry === undefined) return
    entry.use = leave(now())(entry.use)
    settle(entry)
  }

  /** Keeps the session in use while the store works, so that it is not dropped in between. */
  const using = async <A>(id: SessionId, work: (entry: Entry) => Promise<A>): Promise<A> => {
    enterNow(id)
    try {
      return await work(toEntry(id))
    } finally {
      leaveNow(id)
    }
  }

  const see = (entry: Entry, { savedAt, version }: Seen): void => {
    entry.savedAt = savedAt
    entry.version = version
  }

  // --- eviction

  const forget = (entry: Entry): void => {
    if (entry.isKept) kept -= 1
    entry.isKept = false
    entry.savedAt = -1
    entry.version = undefined
    settle(entry)
  }

  /**
   * Deletes a session, and removes its state unless another app has saved it since. For state that this app did not
   * save, only the app that removed it calls `onEvict`: several may have found it expired.
   */
  const drop = (entry: Entry, why: Eviction): void => {
    const { id, savedAt, version, isKept } = entry
    forget(entry)
    const over = async (): Promise<void> => {
      try {
        const removed = savedAt < 0 ? E.right(false) : await store.removeIf(id, { savedAt, version })()
        reportLeft(removed)
        // `onEvict` may be asynchronous: report its rejection, too.
        if (isKept || (E.isRight(removed) && removed.right)) await (onEvict(id, why) as unknown)
      } catch (cause) {
        report(cause)
      } finally {
        if (dropping.get(id) === dropped) dropping.delete(id)
      }
    }
    const dropped = Promise.resolve().then(over)
    dropping.set(id, dropped)
  }

  const arm = (after: number): void => {
    cancelTimer ??= clock.after(after, () => {
      cancelTimer = undefined
      const at = now()
      let oldest = idle.oldest()
      for (let count = 0; count < batch && oldest !== undefined; count += 1, oldest = idle.oldest()) {
        if (!isExpired(at, idleTimeout)(oldest.use)) break
        drop(oldest, 'expired')
      }
      if (oldest !== undefined) arm(Math.max(1, oldest.use.lastUsed + idleTimeout - at))
      else if (kept > 0) arm(idleTimeout)
    })
  }

  const keep = (entry: Entry): E.Either<AgentError, void> => {
    if (entry.isKept) return E.right(undefined)
    if (kept >= max) {
      const victim = idle.oldest()
      if (victim === undefined) return E.left(tooManySessions(max))
      drop(victim, 'evicted')
    }
    entry.isKept = true
    kept += 1
    arm(idleTimeout)
    return E.right(undefined)
  }

  // --- state

  const sweep = async (): Promise<void> => reportLeft(await store.sweep(clock.now() - idleTimeout)())

  /** Before first use: waits for the sweep of what an earlier process left behind, and for a pending removal. */
  const ready = async (id: SessionId): Promise<void> => {
    if (!isSwept) await (sweeping ??= sweep().catch(() => undefined))
    isSwept = true
    const dropped = dropping.get(id)
    if (dropped !== undefined) await dropped
  }

  /** The expiry of state saved by another process counts from its save; that of this process from its last use. */
  const isStale = ({ isKept }: Entry, { savedAt }: Stored): boolean =>
    !isKept && isExpired(clock.now(), idleTimeout)({ users: 0, lastUsed: savedAt })

  const load = (id: SessionId): Promise<E.Either<AgentError, O.Option<unknown>>> =>
    using(id, async (entry) => {
      await ready(id)
      const loaded = await store.load(id, log)()
      if (E.isLeft(loaded)) return loaded
      if (O.isNone(loaded.right)) {
        forget(entry)
        return E.right(O.none)
      }
      const stored = loaded.right.value
      if (isStale(entry, stored)) {
        see(entry, stored)
        drop(entry, 'expired')
        return E.right(O.none)
      }
      const room = keep(entry)
      if (E.isLeft(room)) return room
      see(entry, stored)
      return E.right(O.some(stored.state))
    })

  const save = (id: SessionId, state: unknown): Promise<E.Either<AgentError, void>> =>
    using(id, async (entry) => {
      await ready(id)
      const room = keep(entry)
      if (E.isLeft(room)) return room
      // At most 12 characters: a longer one would be retained as the parts that it was joined from.
      const stored: Stored = { state, savedAt: clock.now(), version: app + (saves += 1).toString(36) }
      const saved = await store.save(id, stored)()
      if (E.isLeft(saved)) return saved
      see(entry, stored)
      return keep(entry) // again, in case an earlier load found nothing meanwhile
    })

  const clear = (id: SessionId): Promise<E.Either<AgentError, void>> =>
    using(id, async (entry) => {
      await ready(id)
      forget(entry)
      return store.remove(id)()
    })

  return {
    enter: enterNow,
    leave: leaveNow,
    access: (id, signal, cancel) => ({
      cancel,
      load: () => load(id),
      save: (state) => () => save(id, state),
      clear: () => clear(id),
      lock: () => lock(id, signal()),
    }),
    size: () => ({ kept, known: entries.size }),
    stop: () => {
      cancelTimer?.()
      cancelTimer = undefined
    },
  }
}
