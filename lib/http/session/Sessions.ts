/** The sessions of an app: who uses them, their state in the store, and their locks. */
import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { AgentError } from '../../core/AgentError'
import type { Log } from '../../core/Log'
import type { Access, SessionId, Stored } from '../../core/Session'
import type { Settings } from '../state/Options'
import { createSessionLocks } from './SessionLocks'
import { createSessionRemovals } from './SessionRemovals'
import { createSessionTable, type SessionTable } from './SessionTable'
import { sharedStore } from './SharedStore'

/** The sessions of an app. */
export interface Sessions extends Pick<SessionTable, 'isInUse' | 'size' | 'stop'> {
  /** Records that a request or task starts to use the session. */
  readonly enter: (id: SessionId) => void
  /** Records that it no longer uses it. */
  readonly leave: (id: SessionId) => void
  /** Calls the listener when a session is no longer in use. */
  readonly onLeft: (listener: (id: SessionId) => void) => void
  /** The state of a session, for a user whose signal aborts when it is gone. */
  readonly access: (id: SessionId, signal: () => AbortSignal, cancel: IO<number>) => Access
}

/** Creates the sessions of an app. Failures that nobody waits for are logged. */
export const createSessions = (settings: Pick<Settings, 'session' | 'clock'>, log: Log): Sessions => {
  const { clock, session } = settings
  const store = sharedStore(session.store)
  const report = (cause: unknown): void => log.error('A session could not be dropped', { error: cause })()
  const removals = createSessionRemovals(store, session.onEvict, report)
  const table = createSessionTable(settings, removals.remove)
  const { enter, isInUse, dispatch, size, stop } = table
  const listeners: Array<(id: SessionId) => void> = []
  const leave = (id: SessionId): void => {
    table.leave(id)
    if (listeners.length > 0 && !isInUse(id)) listeners.forEach((listener) => listener(id))
  }
  const lock = createSessionLocks(store, report)
  const app = randomBytes(4).toString('base64url')
  let saves = 0
  let sweeping: Promise<void> | undefined
  let isSwept = false

  /** Keeps the session in use while the store works, so that it is not dropped in between. */
  const using = async <A>(id: SessionId, work: () => Promise<A>): Promise<A> => {
    enter(id)
    try {
      await ready(id)
      return await work()
    } finally {
      leave(id)
    }
  }

  /** Before first use: waits for the sweep of what an earlier process left behind, and for a pending removal. */
  const ready = async (id: SessionId): Promise<void> => {
    if (!isSwept) await (sweeping ??= sweep().catch(() => undefined))
    isSwept = true
    const removal = removals.pending(id)
    if (removal !== undefined) await removal
  }

  const sweep = async (): Promise<void> => {
    const swept = await store.sweep(clock.now() - session.idleTimeout)()
    if (E.isLeft(swept)) report(swept.left)
  }

  const load = async (id: SessionId): Promise<E.Either<AgentError, O.Option<unknown>>> => {
    const loaded = await store.load(id, log)()
    if (E.isLeft(loaded)) return loaded
    const stored = O.toUndefined(loaded.right)
    const tracked = dispatch(id, { _tag: 'Loaded', wall: clock.now(), seen: stored })
    if (E.isLeft(tracked)) return tracked
    return E.right(stored !== undefined && tracked.right.isKept ? O.some(stored.state) : O.none)
  }

  const save = async (id: SessionId, state: unknown): Promise<E.Either<AgentError, void>> => {
    const room = dispatch(id, { _tag: 'Saving' })
    if (E.isLeft(room)) return room
    // At most 12 characters: a longer one would be retained as the parts that it was joined from.
    const stored: Stored = { state, savedAt: clock.now(), version: app + (saves += 1).toString(36) }
    const saved = await store.save(id, stored)()
    if (E.isLeft(saved)) return saved
    // May need room again, if an earlier load has found nothing meanwhile.
    const tracked = dispatch(id, { _tag: 'Saved', seen: stored })
    return E.isLeft(tracked) ? tracked : E.right(undefined)
  }

  const clear = (id: SessionId): Promise<E.Either<AgentError, void>> => {
    dispatch(id, { _tag: 'Cleared' })
    return store.remove(id)()
  }

  return {
    enter,
    leave,
    isInUse,
    onLeft: (listener) => void listeners.push(listener),
    size,
    stop,
    access: (id, signal, cancel) => ({
      cancel,
      load: () => using(id, () => load(id)),
      save: (state) => () => using(id, () => save(id, state)),
      clear: () => using(id, () => clear(id)),
      lock: () => lock(id, signal()),
    }),
  }
}
