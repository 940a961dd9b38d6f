/** Locks by key, granted in order of request. */
import type { IO } from 'fp-ts/IO'
import { createQueue, type Link, type Queue, unlinked } from './Queue'

/** One holder for each key at a time. */
export interface Locks<K> {
  /** Waits for the lock; returns its release, or none if the signal aborts first. */
  readonly acquire: (key: K, signal: AbortSignal) => Promise<IO<void> | undefined>
  /** The number of locked keys. */
  readonly size: IO<number>
}

interface Waiter extends Link<Waiter> {
  readonly grant: IO<void>
}

/** No lock is held yet. */
export const createLocks = <K>(): Locks<K> => {
  const queues = new Map<K, Queue<Waiter>>()

  const releaseOnce = (key: K, queue: Queue<Waiter>): IO<void> => {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      const next = queue.oldest()
      if (next === undefined) {
        queues.delete(key)
      } else {
        queue.remove(next)
        next.grant()
      }
    }
  }

  return {
    size: () => queues.size,
    acquire: (key, signal) => {
      if (signal.aborted) return Promise.resolve(undefined)
      const waiting = queues.get(key)
      if (waiting === undefined) {
        const queue = createQueue<Waiter>()
        queues.set(key, queue)
        return Promise.resolve(releaseOnce(key, queue))
      }
      return new Promise((resolve) => {
        const waiter: Waiter = {
          ...unlinked,
          grant: () => {
            signal.removeEventListener('abort', leave)
            resolve(releaseOnce(key, waiting))
          },
        }
        const leave = (): void => {
          waiting.remove(waiter)
          resolve(undefined)
        }
        waiting.push(waiter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
