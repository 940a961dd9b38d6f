/** The lock of a session: first among the requests of this app, then among the apps that share its store. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { type AgentError, cancelled } from '../../core/AgentError'
import type { SessionId } from '../../core/Session'
import { createLocks } from '../../node/queue/KeyedLocks'
import type { SharedStore } from './SharedStore'

/** Waits for the lock of a session; returns its release. Left `Cancelled` if the signal aborts first. */
export type SessionLock = (id: SessionId, signal: AbortSignal) => Promise<E.Either<AgentError, IO<void>>>

/** The locks of an app. `report` receives errors of a store that could not release one. */
export const createSessionLocks = (
  { lock }: Pick<SharedStore, 'lock'>,
  report: (cause: unknown) => void,
): SessionLock => {
  const locks = createLocks<SessionId>()
  return async (id, signal) => {
    const release = await locks.acquire(id, signal)
    if (release === undefined) return E.left(cancelled)
    const shared = await lock(id, signal)()
    if (E.isLeft(shared) || O.isNone(shared.right)) {
      release()
      return E.isLeft(shared) ? shared : E.left(cancelled)
    }
    const releaseShared = shared.right.value
    let isReleased = false
    return E.right(() => {
      if (isReleased) return
      isReleased = true
      void Promise.resolve().then(releaseShared).catch(report).finally(release)
    })
  }
}
