/**
 * Streams that are made of other streams by pulling. Whoever gives one up ends its source at once, also while a pull
 * waits: a generator alone would wait for that pull first.
 */
import type { ClientError } from '../error/ClientError'

const over = { done: true, value: undefined } as const

/** The values that a generator makes of a source, to be pulled once. */
export const through =
  <A, B>(transform: (source: AsyncIterable<A>) => AsyncGenerator<B, void>) =>
  (source: AsyncIterable<A>): AsyncIterable<B> => {
    const iterator = source[Symbol.asyncIterator]()
    const generator = transform({ [Symbol.asyncIterator]: () => iterator })
    let isGivenUp = false
    const made: AsyncIterator<B, void> = {
      next: async () => {
        const step = await generator.next()
        return isGivenUp ? over : step
      },
      return: async () => {
        isGivenUp = true
        await iterator.return?.()
        await generator.return()
        return over
      },
    }
    return { [Symbol.asyncIterator]: () => made }
  }

/** What a body has thrown. A transport throws `ClientError`s; anything else is its fault, and not told. */
export const toFailure = (cause: unknown): ClientError =>
  typeof cause === 'object' && cause !== null && '_tag' in cause && typeof cause._tag === 'string'
    ? (cause as ClientError) // as `Transport` promises
    : { _tag: 'InvalidAnswer', reason: 'the body could not be read' }
