/** Calls plain handlers in a test: a promise that gives the response, or throws. */
import { orThrow } from '../core/EitherThrow'
import { isReply, isSource, type Stream } from '../core/Reply'
import { fromPlain, type PlainHandler } from '../plain/PlainHandler'
import { collect } from './collect'
import { testContext, type TestContextOptions } from './testContext'

/** What a handler's response comes to: the values of a stream as an array, any other response as it is. */
export type Ran<A> =
  Awaited<A> extends Stream<infer V>
    ? ReadonlyArray<V>
    : A extends AsyncGenerator<infer V> | Generator<infer V>
      ? ReadonlyArray<V>
      : Awaited<A>

/**
 * Calls a handler of `agentcore-fp/plain` without a server. Resolves with its response, for a stream with the array of its
 * values; rejects with what it throws. All calls share one context, so that the session's state lasts from one to the next.
 *
 * @example
 * ```ts
 * import { stateful } from 'agentcore-fp/plain'
 * import { run } from 'agentcore-fp/testing'
 * import { z } from 'zod'
 *
 * const count = stateful(z.number(), 0, (_: unknown, n) => [n + 1, n + 1])
 *
 * export const main = async (): Promise<void> => {
 *   const counting = run(count)
 *   await counting({}) // 1
 *   await counting({}) // 2
 * }
 * ```
 */
export const run = <P, A, S extends object = {}>(
  handler: PlainHandler<P, A, S>,
  options: TestContextOptions<S> = {},
): ((payload: P) => Promise<Ran<A>>) => {
  const context = testContext<S>(options)
  const lifted = fromPlain(handler)
  return async (payload) => {
    const result = await lifted(payload, context)()
    const answer = orThrow(result)
    const values = isStream(answer) ? orThrow(await collect(() => Promise.resolve(result))()) : answer
    return values as Ran<A> // which says of each handler what it comes to
  }
}

const isStream = (answer: unknown): boolean => (isReply(answer) ? answer.body._tag === 'Events' : isSource(answer))
