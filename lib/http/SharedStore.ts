/** A store as an app uses it: complete, and without exceptions, whoever wrote it. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, storeFailed } from '../core/AgentError'
import { isUnchanged, type SessionId, type Seen, type Store } from '../core/Session'

/** A store whose optional operations are there. */
export type SharedStore = Required<Store>

/** What a store throws, or rejects with, is a left as well: it would end the process where nobody waits for it. */
const guarded =
  <A>(operation: () => TaskEither<AgentError, A>): TaskEither<AgentError, A> =>
  async () => {
    try {
      return await operation()()
    } catch (cause) {
      return E.left(storeFailed(cause))
    }
  }

/** For a store that cannot compare and remove in one step. */
const removeAfterLoad =
  ({ load, remove }: Store, id: SessionId, seen: Seen): TaskEither<AgentError, boolean> =>
  async () => {
    const loaded = await load(id)()
    if (E.isLeft(loaded)) return loaded
    if (O.isNone(loaded.right) || !isUnchanged(seen)(loaded.right.value)) return E.right(false)
    const removed = await remove(id)()
    return E.isLeft(removed) ? removed : E.right(true)
  }

const unlocked: TaskEither<AgentError, O.Option<Task<void>>> = () =>
  Promise.resolve(E.right(O.some(() => Promise.resolve())))

const unswept: TaskEither<AgentError, void> = () => Promise.resolve(E.right(undefined))

/** The given store, completed by what works for a store that no other app uses. */
export const sharedStore = (store: Store): SharedStore => ({
  load: (id, log) => guarded(() => store.load(id, log)),
  save: (id, stored) => guarded(() => store.save(id, stored)),
  remove: (id) => guarded(() => store.remove(id)),
  removeIf: (id, seen) => guarded(() => store.removeIf?.(id, seen) ?? removeAfterLoad(store, id, seen)),
  lock: (id, signal) => guarded(() => store.lock?.(id, signal) ?? unlocked),
  sweep: (before) => guarded(() => store.sweep?.(before) ?? unswept),
})
