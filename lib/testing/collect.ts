/** Collects what a handler answers, stream or not. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown } from '../core/AgentError'
import { isReply, isSource, type Source } from '../core/Reply'

const pullable = (source: Source): AsyncIterable<unknown> | Iterable<unknown> => {
  if (Symbol.asyncIterator in source || Symbol.iterator in source) return source
  return { [Symbol.asyncIterator]: () => ({ next: async () => source.next() }) }
}

const toValues = (answer: unknown): AsyncIterable<unknown> | Iterable<unknown> => {
  if (isReply(answer)) {
    switch (answer.body._tag) {
      case 'Events':
        return pullable(answer.body.source)
      case 'Json':
        return [answer.body.value]
      case 'Text':
        return [answer.body.text]
      case 'Bytes':
        return [answer.body.bytes]
      case 'Empty':
        return []
    }
  }
  return isSource(answer) ? pullable(answer) : [answer]
}

/**
 * Collects everything a handler responds with: all values of a stream, or its single value. Left: that of the handler, or
 * the error that the stream threw.
 *
 * @example
 * ```ts
 * import { Handler } from 'agentcore-fp'
 * import { collect, testContext } from 'agentcore-fp/testing'
 *
 * const words = Handler.fromGenerator((text: string) => text.split(' ').values())
 *
 * export const collected = collect(words('one two', testContext())) // right(['one', 'two'])
 * ```
 */
export const collect =
  (answer: TE.TaskEither<AgentError, unknown>): TE.TaskEither<AgentError, ReadonlyArray<unknown>> =>
  async () => {
    const result = await answer()
    if (E.isLeft(result)) return result
    return TE.tryCatch(async () => {
      const values: Array<unknown> = []
      for await (const value of toValues(result.right)) values.push(value)
      return values
    }, toErrorOf(result.right))()
  }

/** Which failure a value is that a stream throws. */
const toErrorOf = (answer: unknown): ((thrown: unknown) => AgentError) =>
  (isReply(answer) && answer.body._tag === 'Events' ? answer.body.framing?.toError : undefined) ?? fromUnknown
