/**
 * Handlers that are functions of their session's state. Invocations of one session run one at a time; the next state is
 * saved when the response is there.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { StateReaderTaskEither } from 'fp-ts/StateReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, checked, invalidState } from './AgentError'
import { call } from './Call'
import { decode, encodeState, type StateCodec } from './Codec'
import type { Context } from './Context'
import { orThrow } from './EitherThrow'
import { fromGenerator, type Handler } from './Handler'
import { type PlainContext, toFunctional } from './PlainContext'
import type * as Reply from './Reply'

/**
 * Lifts a function of the payload and the session's state, like fp-ts's `StateReaderTaskEither`, to a handler. The next
 * state is saved on a right; invocations of one session run one at a time.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import { t, TE } from 'agentcore-fp/fp'
 *
 * // Answers with how many invocations the session has had.
 * export const agent = entrypoint(Handler.stateful(t.number, 0)(() => (count) => () => TE.right([count + 1, count + 1])))
 * ```
 */
export const stateful = <S>(
  codec: StateCodec<S>,
  initial: NoInfer<S>,
): (<P, A, R extends object = {}>(
  f: (payload: P) => StateReaderTaskEither<S, Context<R>, AgentError, A>,
) => Handler<P, A, R>) => {
  const stored = storing(codec, initial)
  return <P, A, R extends object>(f: (payload: P) => StateReaderTaskEither<S, Context<R>, AgentError, A>) =>
    (payload: P, context: Context<R>) =>
    async () => {
      const lock = await context.session.lock()
      if (E.isLeft(lock)) return lock
      try {
        const state = await stored.load(context)
        if (E.isLeft(state)) return state
        const result = checked<readonly [A, S]>(await call(call(call(f(payload), state.right), context)))
        if (E.isLeft(result)) return result
        const [answer, next] = result.right
        return pipe(
          await stored.save(context, next),
          E.map(() => answer),
        )
      } finally {
        lock.right()
      }
    }
}

/** The state of a session in its store. */
export interface Stored<S> {
  /** Left: `InvalidState`, or that of the store. */
  readonly load: (context: Context) => Promise<E.Either<AgentError, S>>
  /** Left: `InvalidState` if a schema rejects it, or that of the store. */
  readonly save: (context: Context, state: S) => Promise<E.Either<AgentError, void>>
}

/** Reads and writes the state of a session by its codec. */
export const storing = <S>(codec: StateCodec<S>, initial: S): Stored<S> => {
  const [fromStored, toStored] = [decode(codec), encodeState(codec)]
  return {
    load: async ({ session }) => {
      const loaded = await session.load()
      if (E.isLeft(loaded)) return loaded
      if (O.isNone(loaded.right)) return E.right(initial)
      return pipe(await fromStored(loaded.right.value), E.mapLeft(invalidState))
    },
    save: async ({ session }, state) => {
      const encoded = await toStored(state)
      return E.isLeft(encoded) ? E.left(invalidState(encoded.left)) : session.save(encoded.right)()
    },
  }
}

/** The response to a stop request: how many invocations were cancelled. */
export interface Cancelled {
  readonly cancelled: number
}

/**
 * Adds a stop button to a handler. A payload that is a stop cancels the session's other invocations in flight, whoever
 * sent them, and responds with their number; any other payload goes to the handler.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import { t } from 'agentcore-fp/fp'
 *
 * const Stop = t.type({ stop: t.literal(true) })
 *
 * export const agent = entrypoint(
 *   Handler.cancellable(Stop.is)(
 *     Handler.fromGenerator(async function* (payload: unknown) {
 *       yield payload
 *     }),
 *   ),
 * )
 * ```
 */
export const cancellable =
  <Stop>(isStop: (payload: unknown) => payload is Stop) =>
  <P, A, S extends object = {}>(handler: Handler<P, A, S>): Handler<P | Stop, A | Cancelled, S> =>
  (payload, context) =>
    isStop(payload) ? TE.fromIO(() => ({ cancelled: context.session.cancel() })) : handler(payload, context)

/** Yields values to the client, and returns the next state. */
export type StatefulSource<S, V = unknown> = AsyncIterator<V, S, undefined> | Iterator<V, S, undefined>

/**
 * The streaming form of `stateful`: yielded values are streamed, and the returned value is the next state, saved only
 * when the stream has completed. If the client disconnects midway, the state is unchanged.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import { t } from 'agentcore-fp/fp'
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
export const statefulGenerator = <S>(
  codec: StateCodec<S>,
  initial: NoInfer<S>,
): (<P, V, R extends object = {}>(
  f: (payload: P) => (state: S) => (context: PlainContext<R>) => StatefulSource<S, V>,
) => Handler<P, Reply.Stream<V>, R>) => {
  const stored = storing(codec, initial)
  return <P, V, R extends object>(
    f: (payload: P) => (state: S) => (context: PlainContext<R>) => StatefulSource<S, V>,
  ) =>
    fromGenerator((payload: P, context: PlainContext<R>) =>
      saving(stored, toFunctional(context), (state) => f(payload)(state)(context)),
    )
}

/** The values of a source, which has the state that was saved last, and returns the one to be saved. */
export const saving = async function* <S, V>(
  stored: Stored<S>,
  context: Context,
  open: (state: S) => StatefulSource<S, V>,
): AsyncGenerator<V, void> {
  const { session, signal } = context
  const release = orThrow(await session.lock())
  signal.addEventListener('abort', release) // the source may be suspended in an await forever
  try {
    const source = open(orThrow(await stored.load(context)))
    const next = yield* { [Symbol.asyncIterator]: () => asyncIterator(source) }
    signal.removeEventListener('abort', release)
    if (!signal.aborted) orThrow(await stored.save(context, next))
  } finally {
    signal.removeEventListener('abort', release)
    release()
  }
}

const asyncIterator = <S, V>(source: StatefulSource<S, V>): AsyncIterator<V, S, undefined> => ({
  next: async () => source.next(),
  return: async () => source.return?.() ?? { done: true, value: undefined as S }, // the value is never read
})
