/**
 * Handlers of a session's state: the state is loaded before and saved after, and invocations of one session run one at a
 * time.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { StateReaderTaskEither } from 'fp-ts/StateReaderTaskEither'
import type { Type } from 'io-ts'
import { type AgentError, checked, invalidState } from './AgentError'
import { call, disregard } from './Call'
import { decode } from './Codec'
import type { Context } from './Context'
import { fromGenerator, type Handler } from './Handler'
import type { Reply } from './Reply'

/** The codec of a session's state in a store. */
export type StateCodec<S> = Type<S, unknown>

/**
 * Lifts a function of the payload and the session's state, like fp-ts's `StateReaderTaskEither`, to a handler. The next
 * state is saved on a right; invocations of one session run one at a time.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import * as TE from 'fp-ts/TaskEither'
 * import * as t from 'io-ts'
 *
 * // Answers with how many invocations the session has had.
 * export const agent = entrypoint(Handler.stateful(t.number, 0)(() => (count) => () => TE.right([count + 1, count + 1])))
 * ```
 */
export const stateful =
  <S>(codec: StateCodec<S>, initial: S) =>
  <P, A, R extends object = {}>(
    f: (payload: P) => StateReaderTaskEither<S, Context<R>, AgentError, A>,
  ): Handler<P, A, R> =>
  (payload, context) =>
  async () => {
    const lock = await context.session.lock()
    if (E.isLeft(lock)) return lock
    try {
      const state = await loadState(codec, initial, context)
      if (E.isLeft(state)) return state
      const result = checked<readonly [A, S]>(await call(call(call(f(payload), state.right), context)))
      if (E.isLeft(result)) return result
      const [answer, next] = result.right
      const encoded = codec.encode(next)
      disregard(encoded)
      return pipe(
        await context.session.save(encoded)(),
        E.map(() => answer),
      )
    } finally {
      lock.right()
    }
  }

/** Yields values to the client, and returns the next state. */
export type StatefulSource<S> = AsyncIterator<unknown, S, undefined> | Iterator<unknown, S, undefined>

/**
 * The streaming form of `stateful`: yielded values are streamed, and the returned value is the next state, saved only
 * when the stream has completed. If the client disconnects midway, the state is unchanged.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import * as t from 'io-ts'
 *
 * // Streams two numbers; the next invocation of the session goes on after them.
 * export const agent = entrypoint(
 *   Handler.statefulGenerator(
 *     t.number,
 *     0,
 *   )(
 *     () => (n) =>
 *       async function* () {
 *         yield n
 *         yield n + 1
 *         return n + 2
 *       },
 *   ),
 * )
 * ```
 */
export const statefulGenerator =
  <S>(codec: StateCodec<S>, initial: S) =>
  <P, R extends object = {}>(
    f: (payload: P) => (state: S) => (context: Context<R>) => StatefulSource<S>,
  ): Handler<P, Reply, R> =>
    fromGenerator(async function* (payload: P, context: Context<R>) {
      const { session, signal } = context
      const release = orThrow(await session.lock())
      signal.addEventListener('abort', release) // the source may be suspended in an await forever
      try {
        const source = f(payload)(orThrow(await loadState(codec, initial, context)))(context)
        const next = yield* { [Symbol.asyncIterator]: () => asyncIterator(source) }
        signal.removeEventListener('abort', release)
        if (!signal.aborted) orThrow(await session.save(codec.encode(next))())
      } finally {
        signal.removeEventListener('abort', release)
        release()
      }
    })

const asyncIterator = <S>(source: StatefulSource<S>): AsyncIterator<unknown, S, undefined> => ({
  next: async () => source.next(),
  return: async () => source.return?.() ?? { done: true, value: undefined as S }, // the value is never read
})

const loadState = async <S>(
  codec: StateCodec<S>,
  initial: S,
  { session }: Context,
): Promise<E.Either<AgentError, S>> => {
  const loaded = await session.load()
  if (E.isLeft(loaded)) return loaded
  if (O.isNone(loaded.right)) return E.right(initial)
  return pipe(await decode(codec)(loaded.right.value), E.mapLeft(invalidState))
}

const orThrow = <A>(result: E.Either<AgentError, A>): A => {
  if (E.isLeft(result)) throw result.left
  return result.right
}
