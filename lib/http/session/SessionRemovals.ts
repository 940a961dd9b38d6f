/** The removals of session state that nobody waits for: from the store, and the user's `onEvict` after it. */
import * as E from 'fp-ts/Either'
import type { SessionId } from '../../core/Session'
import type { Settings } from '../state/Options'
import type { SharedStore } from './SharedStore'
import type { Drop } from './TrackedSession'

export interface SessionRemovals {
  readonly remove: (id: SessionId, drop: Drop) => void
  /** The removal that a session's next use of the store has to wait for. */
  readonly pending: (id: SessionId) => Promise<void> | undefined
}

/** Nothing is being removed. `report` receives errors of the store and of `onEvict`. */
export const createSessionRemovals = (
  store: Pick<SharedStore, 'removeIf'>,
  onEvict: Settings['session']['onEvict'],
  report: (cause: unknown) => void,
): SessionRemovals => {
  const removals = new Map<SessionId, Promise<void>>()

  /** For state that this app did not have, only the app that removed it calls `onEvict`. */
  const removeNow = async (id: SessionId, { seen, why, wasKept }: Drop): Promise<void> => {
    const removed = seen === undefined ? E.right(false) : await store.removeIf(id, seen)()
    if (E.isLeft(removed)) report(removed.left)
    // `onEvict` may be asynchronous: report its rejection, too.
    if (wasKept || (E.isRight(removed) && removed.right)) await (onEvict(id, why) as unknown)
  }

  return {
    pending: (id) => removals.get(id),
    remove: (id, drop) => {
      const removal: Promise<void> = Promise.resolve()
        .then(() => removeNow(id, drop))
        .catch(report)
        .then(() => {
          if (removals.get(id) === removal) removals.delete(id)
        })
      removals.set(id, removal)
    },
  }
}
