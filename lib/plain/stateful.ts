/** `stateful`: a plain handler that is a function of its session's state. */
import { checkFunction, isGenerator } from '../core/Dialect'
import type { StateCodec } from '../core/Codec'
import { orThrow } from '../core/EitherThrow'
import { type PlainContext, toFunctional } from '../core/PlainContext'
import type * as Reply from '../core/Reply'
import { saving, type StatefulSource, type Stored, storing } from '../core/StatefulHandler'
import type { PlainHandler } from './PlainHandler'

/** What a function of `stateful` returns: the response and the next state, or a generator that returns the next state. */
export type Turn<S> =
  | readonly [answer: unknown, next: S]
  | Promise<readonly [answer: unknown, next: S]>
  | AsyncGenerator<unknown, S, undefined>
  | Generator<unknown, S, undefined>

/** The response of a turn. */
export type TurnAnswer<T> =
  Awaited<T> extends readonly [infer A, unknown]
    ? Promise<A>
    : T extends AsyncGenerator<infer V, unknown, undefined> | Generator<infer V, unknown, undefined>
      ? Reply.Stream<V>
      : never

/**
 * Makes a handler of a function of the payload, the session's state and the context. It returns `[response, next state]`;
 * a generator function streams what it yields and returns the next state, which is saved when the stream has completed. The
 * codec (io-ts or any Standard Schema) validates the state when it is loaded. Invocations of one session run one at a time.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, stateful } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * const Prompt = z.object({ prompt: z.string() })
 * const History = z.array(z.string())
 *
 * export const app = createApp(
 *   entrypoint(
 *     Prompt,
 *     stateful(History, [], async function* ({ prompt }, history) {
 *       yield `Before that you said ${history.length} things`
 *       return [...history, prompt]
 *     }),
 *   ),
 * )
 * ```
 */
export const stateful = <S, P, T extends Turn<S>, R extends object = {}>(
  codec: StateCodec<S>,
  initial: NoInfer<S>,
  f: (payload: P, state: S, context: PlainContext<R>) => T & Turn<S>,
): PlainHandler<P, TurnAnswer<T>, R> => {
  checkFunction('stateful', f)
  const stored = storing<S>(codec, initial)
  // Which of the two a turn is follows from the syntax of its function, which its type cannot tell.
  return (isGenerator(f) ? streaming(stored, f) : answering(stored, f)) as PlainHandler<P, TurnAnswer<T>, R>
}

type TurnOf<S, P, R extends object> = (payload: P, state: S, context: PlainContext<R>) => Turn<S>

/** A generator function, so that a client that accepts no stream is rejected before it runs. */
const streaming = <S, P, R extends object>(stored: Stored<S>, f: TurnOf<S, P, R>): PlainHandler<P, unknown, R> =>
  async function* (payload, context) {
    yield* saving(stored, toFunctional(context), (state) => f(payload, state, context) as StatefulSource<S>)
  }

const answering =
  <S, P, R extends object>(stored: Stored<S>, f: TurnOf<S, P, R>): PlainHandler<P, Promise<unknown>, R> =>
  async (payload, view) => {
    const context = toFunctional(view)
    const release = orThrow(await context.session.lock())
    try {
      const state = orThrow(await stored.load(context))
      const [answer, next] = toPair(await f(payload, state, view))
      orThrow(await stored.save(context, next as S)) // as `Turn` says
      return answer
    } finally {
      release()
    }
  }

const toPair = (turn: unknown): readonly [unknown, unknown] => {
  if (Array.isArray(turn) && turn.length === 2) return turn as unknown as readonly [unknown, unknown]
  const isIterator = typeof turn === 'object' && turn !== null && 'next' in turn
  throw new TypeError(
    isIterator
      ? 'A function of stateful returned an iterator, but is no generator function: write it as one, and compile it to ES2018 or newer'
      : 'A function of stateful must return [response, next state], or be a generator function that returns the next state',
  )
}
