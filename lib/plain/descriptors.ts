/**
 * The descriptors for plain functions. Each is the functional one over a lift, gives the same kind of agent, and pipes
 * with it.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as Functional from '../core/Agent'
import { fromUnknown } from '../core/AgentError'
import { type AnsweringCodecs, type Codec, type Codecs, isPair, type SocketCodecs } from '../core/Codec'
import { withSignal } from '../core/Context'
import { type AnyFunction, checkFunction, checkPlain, type CodecAdvice, type Plain } from '../core/Dialect'
import { orThrow } from '../core/EitherThrow'
import type { Handler } from '../core/Handler'
import type { SocketHandler } from '../core/SocketHandler'
import { type PlainContext, toPlain } from '../core/PlainContext'
import { of as replyOf, type Reply } from '../core/Reply'
import type { Outgoing } from '../core/TypedHandler'
import { fromPlain, type PlainHandler } from './PlainHandler'
import { fromMessages, type Talk } from './PlainSocket'

type Agent<Needs extends object = {}, In extends object = {}, Has extends object = {}> = Functional.Agent<
  Needs,
  In,
  Has
>

// ---------------------------------------------------------------------------------------------------------------------
// invocations
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Handles `POST /invocations` with a plain function: sync, async or a generator, which streams. With a codec (io-ts or any
 * Standard Schema) the payload is decoded first; an invalid one is rejected with 400 `INVALID_PAYLOAD` and a path for each
 * issue. With `{ inbound, outbound }` the response is encoded, too: a value as a whole, a stream value by value.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * const Prompt = z.object({ prompt: z.string() })
 *
 * export const app = createApp(
 *   entrypoint(Prompt, async function* ({ prompt }, { log }) {
 *     log.info('Asked', { prompt })
 *     for (const word of prompt.split(' ')) yield `${word} `
 *   }),
 * )
 * ```
 */
export function entrypoint<A, S extends object = {}>(handler: PlainHandler<unknown, A & Plain<A>, S>): Agent<S>
export function entrypoint<P, A, S extends object = {}>(
  codecs: Codecs<P, A>,
  handler: PlainHandler<NoInfer<P>, Response<NoInfer<A>>, S>,
): Agent<S>
export function entrypoint<P, A, S extends object = {}>(
  codec: Codec<P>,
  handler: PlainHandler<NoInfer<P>, A & Plain<A>, S>,
): Agent<S>
/** Never applies: it says what is wrong with an argument. */
export function entrypoint<C extends object, A>(
  codec: C & CodecAdvice<C>,
  handler: PlainHandler<PayloadOf<C>, A & AnswerAdvice<C, A>>,
): never
export function entrypoint<P, A, S extends object>(...args: EntryArgs<P, A, S>): Agent<S> {
  const handler: unknown = args[args.length - 1]
  checkFunction('entrypoint', handler)
  if (args.length === 1) return Functional.entrypoint(fromPlain(args[0]))
  if (!isPaired(args)) return Functional.entrypoint(args[0], fromPlain(args[1]))
  // Whether the answers fit is checked where the handler is typed.
  return Functional.entrypoint(args[0], fromPlain(args[1]) as Handler<P, A, S>)
}

/** What a plain handler may respond with if its response has the type `A`. */
type Response<A> = Outgoing<A> | Promise<Outgoing<A>>

type PayloadOf<C> = C extends Codecs<infer P, infer _> ? P : C extends Codec<infer P> ? P : unknown

/** Nothing for an answer that fits; else what it must be. */
type AnswerAdvice<C, A> =
  C extends Codecs<infer _, infer V>
    ? A extends Response<V>
      ? unknown
      : unknown extends Plain<A>
        ? A extends AsyncIterable<unknown>
          ? AsyncIterable<V>
          : V | Promise<V>
        : Plain<A>
    : Plain<A>

type EntryArgs<P, A, S extends object> =
  | readonly [PlainHandler<unknown, unknown, S>]
  | readonly [Codec<P>, PlainHandler<P, unknown, S>]
  | readonly [Codecs<P, A>, PlainHandler<P, unknown, S>]

const isPaired = <P, A, S extends object>(
  args: EntryArgs<P, A, S>,
): args is readonly [Codecs<P, A>, PlainHandler<P, unknown, S>] => args.length === 2 && isPair(args[0])

// ---------------------------------------------------------------------------------------------------------------------
// sockets
// ---------------------------------------------------------------------------------------------------------------------

/** A function of all messages; the values of what it returns are sent. */
export type Messages<in In, out Says, in State extends object = {}> = (
  messages: AsyncIterable<In>,
  context: PlainContext<State>,
) => AsyncIterable<Says> | Iterable<Says>

/**
 * Handles WebSockets on `GET /ws` with a generator, messages in, values out, or with what `onMessage`, `latest`, `onEvents`
 * or `onSocket` make. Messages are JSON values, or typed by `{ inbound, outbound }`, or strings with `{ format: 'text' }`.
 * A message that cannot be decoded closes the connection with 1007, unless `invalid` beside the codecs answers it.
 *
 * @example
 * ```ts
 * import { createApp, websocket } from 'agentcore-fp/plain'
 *
 * export const app = createApp(
 *   websocket(async function* (messages, { log }) {
 *     for await (const message of messages) yield { echo: message }
 *     log.info('The peer has left')
 *   }),
 * )
 * ```
 */
export function websocket<S extends object = {}>(handler: Handling<unknown, unknown, S>): Agent<S>
export function websocket<In, Says, S extends object = {}>(
  codecs: AnsweringCodecs<In, Says>,
  handler: Handling<In, Says, S>,
): Agent<S>
export function websocket<In, Says, S extends object = {}>(
  codecs: Codecs<In, Says>,
  handler: Handling<In, Says, S>,
): Agent<S>
export function websocket<S extends object = {}>(
  settings: { readonly format: Functional.Format },
  handler: Handling<unknown, unknown, S>,
): Agent<S>
/** Never applies: it says what is wrong with the argument. */
export function websocket<F>(handler: F & SocketAdvice<F, {}>): never
/** Never applies: it says what is wrong with an argument. */
export function websocket<C extends object, F>(settings: C, handler: F & SocketAdvice<F, C>): never
export function websocket<In, Says, S extends object>(...args: SocketArgs<In, Says, S>): Agent<S> {
  if (args.length === 1) return Functional.websocket(toSocketHandler(args[0]))
  return isTyped<In, Says, S>(args)
    ? Functional.websocket<In, Says, S>(args[0], toSocketHandler(args[1]))
    : Functional.websocket<S>(args[0], toSocketHandler(args[1]))
}

/** The function that codecs call for, for one that returns values to send; else what to do. */
type SocketAdvice<F, C> =
  F extends Talk<infer _, infer __>
    ? C extends Codecs<infer In, infer Says>
      ? Talk<In, Says>
      : Talk<unknown, unknown>
    : F extends AnyFunction
      ? ReturnedAdvice<ReturnType<F>, C>
      : 'This is no handler: pass a generator, or what onMessage, latest, onEvents or onSocket make'

type ReturnedAdvice<R, C> = R extends AnyFunction
  ? Plain<R>
  : R extends AsyncIterable<unknown> | Iterable<unknown>
    ? C extends Codecs<infer In, infer Says>
      ? Messages<In, Says>
      : Messages<unknown, unknown>
    : 'This function returns no values to send: make it a generator, or pass it to onMessage, which sends its answers, or to onSocket, which leaves sending to it'

type Handling<In, Says, S extends object> = Messages<In, Says, S> | Talk<In, Says, S>

type SocketArgs<In, Says, S extends object> =
  | readonly [Handling<unknown, unknown, S>]
  | readonly [{ readonly format: Functional.Format }, Handling<unknown, unknown, S>]
  | readonly [SocketCodecs<In, Says>, Handling<In, Says, S>]

const isTyped = <In, Says, S extends object>(
  args: SocketArgs<In, Says, S>,
): args is readonly [Codecs<In, Says>, Handling<In, Says, S>] => args.length === 2 && isPair(args[0])

const toSocketHandler = <In, Says, S extends object>(given: Handling<In, Says, S>): SocketHandler<In, Says, S> => {
  if (typeof given === 'object' && '_tag' in given) return given.handler
  checkFunction('websocket', given)
  return fromMessages(given)
}

// ---------------------------------------------------------------------------------------------------------------------
// around handlers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Adds typed state to the context for what follows: what the function returns. What it throws rejects the request, before
 * the handler or before the upgrade of a WebSocket.
 *
 * @example
 * ```ts
 * import { type Context, createApp, entrypoint, pipe, provide, rejected } from 'agentcore-fp/plain'
 *
 * const user = provide(async ({ userId }) => {
 *   if (userId === undefined) throw rejected(403, 'Who are you?')
 *   return { user: userId }
 * })
 * const greet = entrypoint((_, { state }: Context<{ readonly user: string }>) => `Hello, ${state.user}`)
 *
 * export const app = createApp(pipe(user, greet))
 * ```
 */
export const provide = <P extends object, S extends object = {}>(
  f: (context: PlainContext<S>) => Provided<P> | Promise<Provided<P>>,
): Agent<{}, S, P> => {
  checkFunction('provide', f)
  return Functional.provide<P, S>((context) => async () => {
    try {
      return checkPlain<P>(await f(toPlain(context)))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  })
}

/** What a provider returns. */
type Provided<P> = P & Plain<P>

/** Continues with the handler, or the next wrap, and gives its reply. Throws its failure. */
export type Next = (changes?: Changes) => Promise<Reply>

/** What a wrap may change of the context. */
export interface Changes {
  readonly signal?: AbortSignal
}

/**
 * Wraps the handler: the function may respond in its place, and change its response.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, pipe, Reply, wrap } from 'agentcore-fp/plain'
 *
 * const versioned = wrap(async (context, next) => pipe(await next(), Reply.withHeader('x-agent-version', '2')))
 *
 * export const app = createApp(
 *   pipe(
 *     versioned,
 *     entrypoint((payload) => ({ got: payload })),
 *   ),
 * )
 * ```
 */
export const wrap = <A, S extends object = {}>(
  f: (context: PlainContext<S>, next: Next) => A & Plain<A>,
): Agent<{}, S> => {
  checkFunction('wrap', f)
  return Functional.wrap<S>((next) => (context) => async () => {
    const proceed: Next = async ({ signal } = {}) =>
      orThrow(await next(signal === undefined ? context : withSignal(signal)(context))())
    try {
      const given: unknown = f(toPlain(context), proceed)
      const answer = checkPlain(await given)
      return E.isLeft(answer) ? answer : E.right(replyOf(answer.right))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  })
}
