/**
 * A queue that members may leave from anywhere: a doubly linked list with constant-time operations. Not a `Map`, where
 * after deletions at the front, finding the first key walks over the gaps.
 */

/** A member of a queue, whose links belong to the queue. */
export interface Link<A> {
  older: A | undefined
  newer: A | undefined
  isQueued: boolean
}

/** Members in order of arrival. */
export interface Queue<A extends Link<A>> {
  /** Appends a member; one that is queued already moves to the end. */
  readonly push: (member: A) => void
  /** Removes a member from anywhere; does nothing if it is not queued. */
  readonly remove: (member: A) => void
  readonly oldest: () => A | undefined
  readonly size: () => number
}

/** The links of a member that is not queued. */
export const unlinked = { older: undefined, newer: undefined, isQueued: false } as const

/** An empty queue. */
export const createQueue = <A extends Link<A>>(): Queue<A> => {
  let oldest: A | undefined
  let newest: A | undefined
  let size = 0

  const remove = (member: A): void => {
    if (!member.isQueued) return
    if (member.older === undefined) oldest = member.newer
    else member.older.newer = member.newer
    if (member.newer === undefined) newest = member.older
    else member.newer.older = member.older
    member.older = undefined
    member.newer = undefined
    member.isQueued = false
    size -= 1
  }

  const push = (member: A): void => {
    remove(member)
    member.older = newest
    member.isQueued = true
    if (newest === undefined) oldest = member
    else newest.newer = member
    newest = member
    size += 1
  }

  return { push, remove, oldest: () => oldest, size: () => size }
}
