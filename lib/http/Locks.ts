/** Locks by key, given in the order in which they were asked for. */
import type { IO } from 'fp-ts/IO'

/** One holder for each key at a time. */
export interface Locks<K> {
  /** Waits for the lock; gives what releases it, or nothing if the signal aborts first. */
  readonly acquire: (key: K, signal: AbortSignal) => Promise<IO<void> | undefined>
}

/** No lock is held yet. */
export const createLocks = <K>(): Locks<K> => {
  const queues = new Map<K, Array<IO<void>>>()

  const releaseOnce = (key: K): IO<void> => {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      const next = queues.get(key)?.shift()
      if (next === undefined) queues.delete(key)
      else next()
    }
  }

  return {
    acquire: (key, signal) => {
      const queue = queues.get(key)
      if (signal.aborted) return Promise.resolve(undefined)
      if (queue === undefined) {
        queues.set(key, [])
        return Promise.resolve(releaseOnce(key))
      }
      return new Promise((resolve) => {
        const grant = (): void => {
          signal.removeEventListener('abort', leave)
          resolve(releaseOnce(key))
        }
        const leave = (): void => {
          queue.splice(queue.indexOf(grant), 1)
          resolve(undefined)
        }
        queue.push(grant)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
