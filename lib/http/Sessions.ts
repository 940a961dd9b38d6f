/** The cell that holds the sessions of an app: who uses which, the timer that drops unused ones, and the locks. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { type AgentError, cancelled, tooManySessions } from '../core/AgentError'
import {
  type Access,
  enter,
  expired,
  isExpired,
  leastRecentlyUsed,
  leave,
  type SessionId,
  type Stored,
  unused,
  type Use,
} from '../core/Session'
import { createLocks } from './Locks'
import type { Eviction, Settings } from './Options'

/** The sessions of an app. */
export interface Sessions {
  /** Someone uses the session from here on. */
  readonly enter: (id: SessionId) => void
  /** Someone who has entered it uses it no more. */
  readonly leave: (id: SessionId) => void
  /** The state of a session, for someone who uses it and is gone when the signal aborts. */
  readonly access: (id: SessionId, signal: () => AbortSignal, cancel: IO<number>) => Access
  /** Of how many sessions state is kept, and how many are known: in use or with state. */
  readonly size: IO<{ readonly kept: number; readonly known: number }>
  /** Stops the timer. */
  readonly stop: IO<void>
}

/** Sessions by the given settings. `report` is told of what fails where nobody waits for it. */
export const createSessions = (
  { session: { store, idleTimeout, max, onEvict }, clock }: Pick<Settings, 'session' | 'clock'>,
  report: (cause: unknown) => void,
): Sessions => {
  const uses = new Map<SessionId, Use>()
  const kept = new Set<SessionId>()
  const dropping = new Map<SessionId, Promise<void>>()
  const locks = createLocks<SessionId>()
  let cancelTimer: IO<void> | undefined
  let swept: Promise<void> | undefined

  const useOf = (id: SessionId): Use => uses.get(id) ?? unused(clock.now())

  const keptUses = (): ReadonlyArray<readonly [SessionId, Use]> => [...kept].map((id) => [id, useOf(id)])

  const reportLeft = (result: E.Either<AgentError, unknown>): void => {
    if (E.isLeft(result)) report(result.left)
  }

  const drop = (id: SessionId, why: Eviction): void => {
    kept.delete(id)
    if (useOf(id).users === 0) uses.delete(id)
    const dropped = Promise.resolve(store.remove(id)())
      .then(reportLeft)
      .then(() => onEvict(id, why))
      .catch(report)
      .finally(() => dropping.get(id) === dropped && dropping.delete(id))
    dropping.set(id, dropped)
  }

  const arm = (after: number): void => {
    cancelTimer ??= clock.after(after, () => {
      cancelTimer = undefined
      const now = clock.now()
      for (const id of expired(now, idleTimeout)(keptUses())) drop(id, 'expired')
      const next = keptUses().map(([, use]) => (use.users > 0 ? idleTimeout : use.lastUsed + idleTimeout - now))
      if (next.length > 0) arm(Math.max(1, Math.min(...next)))
    })
  }

  const sweep = async (): Promise<void> => {
    if (store.sweep !== undefined) reportLeft(await store.sweep(clock.now() - idleTimeout)())
  }

  /** Before the first look at a session: what an earlier process left behind is gone, and what is being dropped too. */
  const ready = async (id: SessionId): Promise<void> => {
    await (swept ??= sweep().catch(report))
    await dropping.get(id)
  }

  const keep = (id: SessionId): E.Either<AgentError, void> => {
    if (!kept.has(id) && kept.size >= max) {
      const victim = leastRecentlyUsed(keptUses())
      if (victim === undefined) return E.left(tooManySessions(max))
      drop(victim, 'evicted')
    }
    kept.add(id)
    arm(idleTimeout)
    return E.right(undefined)
  }

  /** State that another process saved counts from its save; that of this process from its last use. */
  const isStale = (id: SessionId, { savedAt }: Stored): boolean =>
    !kept.has(id) && isExpired(clock.now(), idleTimeout)({ users: 0, lastUsed: savedAt })

  const load = async (id: SessionId): Promise<E.Either<AgentError, O.Option<unknown>>> => {
    await ready(id)
    const loaded = await store.load(id)()
    if (E.isLeft(loaded) || O.isNone(loaded.right)) return loaded
    if (isStale(id, loaded.right.value)) {
      drop(id, 'expired')
      return E.right(O.none)
    }
    const room = keep(id)
    return E.isLeft(room) ? room : E.right(O.some(loaded.right.value.state))
  }

  const save = async (id: SessionId, state: unknown): Promise<E.Either<AgentError, void>> => {
    await ready(id)
    const room = keep(id)
    return E.isLeft(room) ? room : store.save(id, { state, savedAt: clock.now() })()
  }

  const clear = async (id: SessionId): Promise<E.Either<AgentError, void>> => {
    await ready(id)
    kept.delete(id)
    return store.remove(id)()
  }

  return {
    enter: (id) => {
      const now = clock.now()
      const use = useOf(id)
      if (kept.has(id) && isExpired(now, idleTimeout)(use)) drop(id, 'expired')
      uses.set(id, enter(now)(use))
    },
    leave: (id) => {
      const left = leave(clock.now())(useOf(id))
      if (left.users > 0 || kept.has(id)) uses.set(id, left)
      else uses.delete(id)
    },
    access: (id, signal, cancel) => ({
      cancel,
      load: () => load(id),
      save: (state) => () => save(id, state),
      clear: () => clear(id),
      lock: async () => {
        const release = await locks.acquire(id, signal())
        return release === undefined ? E.left(cancelled) : E.right(release)
      },
    }),
    size: () => ({ kept: kept.size, known: uses.size }),
    stop: () => {
      cancelTimer?.()
      cancelTimer = undefined
    },
  }
}
