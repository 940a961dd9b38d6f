/** Streams that throw what is a left elsewhere. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'
import { orThrow } from '../error/ClientFailure'

const over = { done: true, value: undefined } as const

/**
 * The values of a stream. Its left is thrown as a `ClientFailure`. Giving the stream up gives up its source at once, also
 * before the first pull.
 */
export const throwing =
  <A, B>(f: (value: A) => B) =>
  (steps: AsyncIterable<E.Either<ClientError, A>>): AsyncIterable<B> => ({
    [Symbol.asyncIterator]: () => {
      const iterator = steps[Symbol.asyncIterator]()
      return {
        next: async () => {
          const step = await iterator.next()
          if (step.done === true) return over
          // Whoever pulls gives up nothing after a throw: a source whose failure came before its end is given up here.
          if (E.isLeft(step.value)) await iterator.return?.()
          return { done: false, value: f(orThrow(step.value)) }
        },
        return: async () => {
          await iterator.return?.()
          return over
        },
      }
    },
  })

/** The next value as a promise; `undefined` once there is no more. A left is thrown. */
export const pulling =
  <A, B>(f: (value: A) => B) =>
  (receive: TaskEither<ClientError, O.Option<A>>) =>
  async (): Promise<B | undefined> => {
    const received = orThrow(await receive())
    return O.isSome(received) ? f(received.value) : undefined
  }

/** All values from here on. Leaving the loop leaves the rest for the next one. */
export const looping =
  <A, B>(f: (value: A) => B) =>
  (receive: TaskEither<ClientError, O.Option<A>>): AsyncIterable<B> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const received = orThrow(await receive())
        return O.isSome(received) ? { done: false, value: f(received.value) } : over
      },
      return: () => Promise.resolve(over),
    }),
  })
