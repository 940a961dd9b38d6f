/** Session state in this process's memory: gone with it, as a microVM's is. */
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { SessionId, Store, Stored } from '../core/Session'

/** An empty store in memory. */
export const memoryStore = (): Store => {
  const kept = new Map<SessionId, Stored>()
  return {
    load: (id) => TE.fromIO(() => O.fromNullable(kept.get(id))),
    save: (id, stored) => TE.fromIO(() => void kept.set(id, stored)),
    remove: (id) => TE.fromIO(() => void kept.delete(id)),
  }
}
