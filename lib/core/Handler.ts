/**
 * Handlers of invocations, and the lifts that create one from other functions: sync, async, generators, readers. Plain
 * functions receive the plain context.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown } from './AgentError'
import { call } from './Call'
import type { Context } from './Context'
import { type PlainContext, toPlain } from './PlainContext'
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
export interface Streaming<in Payload, out V, in State extends object> extends Handler<
  Payload,
  Reply.Stream<V>,
  State
> {
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
 * import { t } from 'agentcore-fp/fp'
 *
 * export const length = entrypoint(
 *   t.string,
 *   Handler.fromSync((text) => text.length),
 * )
 * ```
 */
export const fromSync =
  <P, A, S extends object = {}>(f: (payload: P, context: PlainContext<S>) => A): Handler<P, A, S> =>
  (payload, context) =>
    TE.fromEither(E.tryCatch(() => f(payload, toPlain(context)), fromUnknown))

/**
 * Lifts an asynchronous function to a handler. What it throws or rejects with becomes a left. (`TE.tryCatch` means the
 * same, but compiles to generators that V8 takes for long-lived: measured, it can halve the rate of small requests.)
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 * import { t } from 'agentcore-fp/fp'
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
  <P, A, S extends object = {}>(f: (payload: P, context: PlainContext<S>) => Promise<A>): Handler<P, A, S> =>
  (payload, context) =>
  async () => {
    try {
      return E.right(await f(payload, toPlain(context)))
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
 * import { pipe, RTE } from 'agentcore-fp/fp'
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
 * import { t } from 'agentcore-fp/fp'
 *
 * export const agent = entrypoint(
 *   t.type({ prompt: t.string }),
 *   Handler.fromGenerator(async function* ({ prompt }) {
 *     for (const word of prompt.split(' ')) yield { word }
 *   }),
 * )
 * ```
 */
export const fromGenerator = <P, V, S extends object = {}>(
  f: (payload: P, context: PlainContext<S>) => AsyncIterable<V> | Iterable<V>,
): Handler<P, Reply.Stream<V>, S> =>
  streaming((payload, context) =>
    TE.fromEither(E.tryCatch(() => Reply.events(f(payload, toPlain(context))), fromUnknown)),
  )

/** Makes a handler one that streams, whatever the payload. */
export const streaming = <P, V, S extends object>(run: Handler<P, Reply.Stream<V>, S>): Streaming<P, V, S> =>
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
