/** Wraps a user's store: adds missing operations, and turns exceptions into lefts. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { AgentError } from '../../core/AgentError'
import { isUnchanged, type SessionId, type Seen, type Store } from '../../core/Session'
import { isAnything, isLoaded, operation } from '../state/Supplied'

/** A store with all optional operations. */
export type SharedStore = Required<Store>

const isBoolean = (value: unknown): boolean => typeof value === 'boolean'

const isRelease = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  '_tag' in value &&
  (value._tag === 'None' || ('value' in value && typeof value.value === 'function'))

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

/** Completes a store with defaults that suffice if no other app uses it. */
export const sharedStore = (store: Store): SharedStore => ({
  load: (id, log) => operation(() => store.load(id, log), isLoaded),
  save: (id, stored) => operation(() => store.save(id, stored), isAnything),
  remove: (id) => operation(() => store.remove(id), isAnything),
  removeIf: (id, seen) => operation(() => store.removeIf?.(id, seen) ?? removeAfterLoad(store, id, seen), isBoolean),
  lock: (id, signal) => operation(() => store.lock?.(id, signal) ?? unlocked, isRelease),
  sweep: (before) => operation(() => store.sweep?.(before) ?? unswept, isAnything),
})
