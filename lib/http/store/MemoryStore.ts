/** A session store in memory: its state ends with the process, like that of a microVM. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { isUnchanged, type SessionId, type Store, type Stored } from '../../core/Session'
import { createLocks } from '../../node/queue/KeyedLocks'

/**
 * An empty store in memory, which several apps of one process may share.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Handler, Session } from 'agentcore-fp'
 *
 * export const app = createApp(entrypoint(Handler.fromSync(() => 'hello')), {
 *   session: { store: Session.memoryStore() },
 * })
 * ```
 */
export const memoryStore = (): Store => {
  const kept = new Map<SessionId, Stored>()
  const locks = createLocks<SessionId>()
  return {
    load: (id) => TE.fromIO(() => O.fromNullable(kept.get(id))),
    save: (id, stored) => TE.fromIO(() => void kept.set(id, stored)),
    remove: (id) => TE.fromIO(() => void kept.delete(id)),
    removeIf: (id, seen) =>
      TE.fromIO(() => {
        const stored = kept.get(id)
        return stored !== undefined && isUnchanged(seen)(stored) && kept.delete(id)
      }),
    lock: (id, signal) => async () =>
      E.right(
        pipe(
          O.fromNullable(await locks.acquire(id, signal)),
          O.map((release) => () => Promise.resolve(release())),
        ),
      ),
  }
}
