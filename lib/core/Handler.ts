/**
 * Handlers of invocations, and the lifts that create one from other functions: sync, async, generators, readers, and
 * functions of a session's state.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import type { StateReaderTaskEither } from 'fp-ts/StateReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import type { Type } from 'io-ts'
import { type AgentError, checked, fromUnknown, invalidState } from './AgentError'
import { call, disregard } from './Call'
import { decode } from './Codec'
import type { Context } from './Context'
import * as Reply from './Reply'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Responds to a payload: with any JSON value, anything that can be streamed, or a `Reply`. */
export type Handler<in Payload, out Answer, in State extends object = {}> = (
  payload: Payload,
  context: Context<State>,
) => TE.TaskEither<AgentError, Answer>

/** A tagged handler. One that always streams can reject a client that does not accept a stream before it runs. */
export type Entry<Payload, Answer, State extends object = {}> =
  | { readonly _tag: 'Answer'; readonly run: Handler<Payload, Answer, State> }
  | { readonly _tag: 'Stream'; readonly run: Handler<Payload, Answer, State> }

/** A handler that streams, whatever the payload. */
interface Streaming<in Payload, in State extends object> extends Handler<Payload, Reply.Reply, State> {
  readonly _tag: 'Stream'
}

// ---------------------------------------------------------------------------------------------------------------------
// lifts
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Lifts a synchronous function to a handler. What it throws becomes a left.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import * as t from 'io-ts'
 *
 * export const length = entrypoint(
 *   t.string,
 *   Handler.fromSync((text) => text.length),
 * )
 * ```
 */
export const fromSync =
  <P, A, S extends object = {}>(f: (payload: P, context: Context<S>) => A): Handler<P, A, S> =>
  (payload, context) =>
    TE.fromEither(E.tryCatch(() => f(payload, context), fromUnknown))

/**
 * Lifts an asynchronous function to a handler. What it throws or rejects with becomes a left. (`TE.tryCatch` means the
 * same, but compiles to generators that V8 takes for long-lived: measured, it can halve the rate of small requests.)
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import * as t from 'io-ts'
 *
 * const model = async (prompt: string): Promise<string> => Promise.resolve(`You said: ${prompt}`)
 *
 * export const agent = entrypoint(
 *   t.type({ prompt: t.string }),
 *   Handler.fromAsync(async ({ prompt }) => ({ result: await model(prompt) })),
 * )
 * ```
 */
export const fromAsync =
  <P, A, S extends object = {}>(f: (payload: P, context: Context<S>) => Promise<A>): Handler<P, A, S> =>
  (payload, context) =>
  async () => {
    try {
      return E.right(await f(payload, context))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  }

/**
 * Lifts a function that returns a `ReaderTaskEither` of the context to a handler.
 *
 * @example
 * ```ts
 * import { type AgentError, type Context, entrypoint, Handler } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 * import * as RTE from 'fp-ts/ReaderTaskEither'
 *
 * export const agent = entrypoint(
 *   Handler.fromReader((payload: unknown) =>
 *     pipe(
 *       RTE.ask<Context.Context, AgentError.AgentError>(),
 *       RTE.map(({ sessionId }) => ({ payload, sessionId })),
 *     ),
 *   ),
 * )
 * ```
 */
export const fromReader =
  <P, A, S extends object = {}>(f: (payload: P) => ReaderTaskEither<Context<S>, AgentError, A>): Handler<P, A, S> =>
  (payload, context) =>
    call(f(payload), context)

/**
 * Lifts a generator function, sync or async, or any function that returns an iterable, to a streaming handler.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import * as t from 'io-ts'
 *
 * export const agent = entrypoint(
 *   t.type({ prompt: t.string }),
 *   Handler.fromGenerator(async function* ({ prompt }) {
 *     for (const word of prompt.split(' ')) yield { word }
 *   }),
 * )
 * ```
 */
export const fromGenerator = <P, S extends object = {}>(
  f: (payload: P, context: Context<S>) => AsyncIterable<unknown> | Iterable<unknown>,
): Handler<P, Reply.Reply, S> =>
  streaming((payload, context) => TE.fromEither(E.tryCatch(() => Reply.events(f(payload, context)), fromUnknown)))

const streaming = <P, S extends object>(run: Handler<P, Reply.Reply, S>): Streaming<P, S> =>
  Object.freeze(Object.assign((payload: P, context: Context<S>) => run(payload, context), { _tag: 'Stream' as const }))

/**
 * Tags a handler as streaming or not.
 *
 * @example
 * ```ts
 * import { Handler } from 'agentcore-fp'
 *
 * const words = Handler.fromGenerator((text: string) => text.split(' '))
 *
 * export const isStream = Handler.toEntry(words)._tag === 'Stream'
 * ```
 */
export const toEntry = <P, A, S extends object>(run: Handler<P, A, S>): Entry<P, A, S> =>
  '_tag' in run && run._tag === 'Stream' ? { _tag: 'Stream', run } : { _tag: 'Answer', run }

// ---------------------------------------------------------------------------------------------------------------------
// sessions
// ---------------------------------------------------------------------------------------------------------------------

/** The codec of a session's state in a store. */
export type StateCodec<S> = Type<S, unknown>

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
 * import * as t from 'io-ts'
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
export type StatefulSource<S> = AsyncIterator<unknown, S, undefined> | Iterator<unknown, S, undefined>

const orThrow = <A>(result: E.Either<AgentError, A>): A => {
  if (E.isLeft(result)) throw result.left
  return result.right
}

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
  ): Handler<P, Reply.Reply, R> =>
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

// ---------------------------------------------------------------------------------------------------------------------
// sockets
// ---------------------------------------------------------------------------------------------------------------------

export { type Answer, fromMessages, latest, onMessage, type OnMessage, type SocketHandler } from './SocketHandler'
