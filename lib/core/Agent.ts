/**
 * Agents as data: plain frozen descriptors that compose with `pipe`. A descriptor is both a value, an agent, and a
 * function that adds itself to the agent before it. Composition is associative, with `empty` as its two-sided identity.
 *
 * @since 0.1.0
 */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, invalidState } from './AgentError'
import {
  type AnsweringCodecs,
  checkPair,
  checkSocketSettings,
  type Codec,
  type Codecs,
  decode,
  isPair,
  type SocketCodecs,
} from './Codec'
import type { Context } from './Context'
import { type AnyFunction, checkFunctional, checkPiped, type CodecAdvice, type Functional } from './Dialect'
import { type Entry, type Handler, toEntry } from './Handler'
import type { Status } from './Health'
import { type Layers, provider, type Step, wrapper } from './Layer'
import { type Recovery, type SocketHandler, type Talk, toTalk, toRecovery, typedTalk } from './SocketHandler'
import { chainDecoded, decoding, encoding, type Outgoing, type Streamed } from './TypedHandler'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export type { Step } from './Layer'

/** A Koa middleware. Its context is opaque here; `use` of the http layer knows its type. */
export type Middleware = (context: never, next: () => Promise<unknown>) => unknown

/**
 * Koa middleware that is made for each app, with parts of the app that the http layer knows: `routes` and `bodyParser`
 * are such. What it needs is loaded when an app is created, so that other agents do not pay for it.
 */
export interface MiddlewareFactory {
  /** Where it runs: at its place in the pipe, or innermost, beside the agent's own paths. */
  readonly place: 'inPipe' | 'innermost'
  readonly create: (app: never) => ReadonlyArray<Middleware>
}

/**
 * The parts of an agent. `Needs` is the state that handlers require, `In` what providers expect, `Has` what they add.
 */
export interface Spec<in Needs extends object, in In extends object, out Has extends object> {
  readonly entrypoint: O.Option<Entry<unknown, unknown, Needs>>
  readonly ping: O.Option<PingHandler>
  readonly websocket: O.Option<SocketEntry<Needs>>
  readonly middleware: ReadonlyArray<Middleware | MiddlewareFactory>
  readonly layers: Layers<In, Has>
}

/** The parts of a complete agent, in which providers add all state that handlers require. */
export type Closed = Spec<{}, {}, {}>

/** Returns the `/ping` status, given the automatic one, which is used instead if the handler is slow or fails. */
export type PingHandler = (automatic: Status) => Status | Promise<Status>

/** A WebSocket handler and the format of its messages. */
export interface SocketEntry<in Needs extends object> {
  readonly format: Format
  readonly talk: Talk<unknown, unknown, Needs>
  /** Answers messages that are invalid, unless they close the WebSocket. */
  readonly recover?: Recovery | undefined
}

/** `json`: text frames are JSON values; `text`: they are strings. Binary frames are always `Uint8Array`s. */
export type Format = 'json' | 'text'

/** An agent, and the function that adds it to another. Providing a key of the state twice does not compile. */
export interface Agent<in Needs extends object = {}, in In extends object = {}, out Has extends object = {}> {
  readonly spec: Spec<Needs, In, Has>
  <N extends object, H extends In & Fresh<Has>>(self: Agent<N, {}, H>): Agent<N & Needs, {}, H & Has>
}

/**
 * No key of `P`. The method that every object has keeps this from being a weak type, which would require a common key.
 */
export type Fresh<P> = { readonly [K in keyof P]?: never } & { toString(): string }

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Concatenates two agents: middleware, providers and wraps in order, and the last handler of each kind.
 *
 * @example
 * ```ts
 * import { Agent, entrypoint, Handler, ping } from 'agentcore-fp'
 *
 * const spec = Agent.concat(entrypoint(Handler.fromSync(() => 'hello')).spec, ping(() => 'Healthy').spec)
 * ```
 */
export const concat = <N extends object, H extends In, Needs extends object, In extends object, Has extends object>(
  self: Spec<N, {}, H>,
  that: Spec<Needs, In, Has>,
): Spec<N & Needs, {}, H & Has> => ({
  entrypoint: pipe(
    that.entrypoint,
    O.altW(() => self.entrypoint),
  ),
  ping: pipe(
    that.ping,
    O.alt(() => self.ping),
  ),
  websocket: pipe(
    that.websocket,
    O.altW(() => self.websocket),
  ),
  middleware: [...self.middleware, ...that.middleware],
  layers: [...self.layers, ...that.layers],
})

const make = <Needs extends object, In extends object, Has extends object>(
  spec: Spec<Needs, In, Has>,
): Agent<Needs, In, Has> =>
  Object.freeze(
    Object.assign(
      <N extends object, H extends In & Fresh<Has>>(self: Agent<N, {}, H>): Agent<N & Needs, {}, H & Has> => {
        checkPiped(self, describe(spec))
        return make(concat(self.spec, spec))
      },
      { spec: Object.freeze(spec) },
    ),
  )

/** The descriptor that a specification is of, or the first one. */
const describe = ({ entrypoint, ping, websocket, middleware }: Pick<Spec<never, never, object>, Described>): string => {
  if (O.isSome(entrypoint)) return 'entrypoint'
  if (O.isSome(ping)) return 'ping'
  if (O.isSome(websocket)) return 'websocket'
  return middleware.length > 0 ? 'a middleware' : 'a provider or a wrap'
}

type Described = 'entrypoint' | 'ping' | 'websocket' | 'middleware'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const nothing: Spec<{}, {}, {}> = {
  entrypoint: O.none,
  ping: O.none,
  websocket: O.none,
  middleware: [],
  layers: [],
}

/**
 * The agent without parts: the identity of composition.
 *
 * @example
 * ```ts
 * import { Agent, createApp, entrypoint } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const echo = entrypoint((payload) => TE.right(payload))
 * const parts: ReadonlyArray<Agent.Agent> = [echo]
 *
 * export const app = createApp(parts.reduce((agent, part) => pipe(agent, part), Agent.empty))
 * ```
 */
export const empty: Agent = make(nothing)

/**
 * Handles `POST /invocations`. With a codec (io-ts or any Standard Schema) the payload is decoded first; an invalid one
 * is rejected with 400 `INVALID_PAYLOAD` and a path for each issue. With `{ inbound, outbound }` the response is
 * encoded, too.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint } from 'agentcore-fp'
 * import { t, TE } from 'agentcore-fp/fp'
 *
 * const Prompt = t.type({ prompt: t.string })
 *
 * export const app = createApp(entrypoint(Prompt, ({ prompt }) => TE.right({ result: `You said: ${prompt}` })))
 * ```
 */
export function entrypoint<S extends object = {}>(handler: Handler<unknown, unknown, S>): Agent<S>
export function entrypoint<P, A, S extends object = {}>(codecs: Codecs<P, A>, handler: Handler<P, A, S>): Agent<S>
export function entrypoint<P, A, S extends object = {}>(
  codecs: Codecs<P, A>,
  handler: Handler<NoInfer<P>, Streamed<NoInfer<A>>, S>,
): Agent<S>
export function entrypoint<P, S extends object = {}>(
  codec: Codec<P>,
  handler: Handler<NoInfer<P>, unknown, S>,
): Agent<S>
/** Never applies: it says what is wrong with an argument. */
export function entrypoint<F extends AnyFunction>(handler: F & Functional<F, Handler<unknown, unknown>>): never
/** Never applies: it says what is wrong with an argument. */
export function entrypoint<C extends object, F extends AnyFunction>(
  codec: C & CodecAdvice<C>,
  handler: F & Functional<F, HandlerOf<C>>,
): never
export function entrypoint<P, A, S extends object>(...args: EntryArgs<P, A, S>): Agent<S> {
  return make({ ...nothing, entrypoint: O.some(entry(args)) })
}

/** The handler that a codec, or a pair of them, calls for. */
type HandlerOf<C> =
  C extends Codecs<infer P, infer A> ? Handler<P, Outgoing<A>> : C extends Codec<infer P> ? Handler<P, unknown> : never

type EntryArgs<P, A, S extends object> =
  | readonly [Handler<unknown, unknown, S>]
  | readonly [Codec<P>, Handler<P, unknown, S>]
  | readonly [Codecs<P, A>, Handler<P, Outgoing<A>, S>]

const isPaired = <P, A, S extends object>(
  args: EntryArgs<P, A, S>,
): args is readonly [Codecs<P, A>, Handler<P, Outgoing<A>, S>] => args.length === 2 && isPair(args[0])

const entry = <P, A, S extends object>(args: EntryArgs<P, A, S>): Entry<unknown, unknown, S> => {
  checkFunctional('entrypoint', args[args.length - 1])
  if (isPaired(args)) {
    checkPair('entrypoint', args[0])
    const [{ inbound, outbound }, handler] = args
    return { ...toEntry(handler), run: decoding(inbound, encoding(outbound, handler)) }
  }
  if (args.length === 1) return toEntry(args[0])
  const [codec, handler] = args
  return { ...toEntry(handler), run: decoding(codec, handler) }
}

/**
 * Sets the status that `GET /ping` reports, given the automatic one: an `IO`, a `Task` or a plain function. If it is
 * slow (over a second, see `createApp`), throws or returns anything else, it is ignored.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, ping } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const isIndexing = (): boolean => false
 *
 * export const app = createApp(
 *   pipe(
 *     entrypoint((payload) => TE.right(payload)),
 *     ping((automatic) => (isIndexing() ? 'HealthyBusy' : automatic)),
 *   ),
 * )
 * ```
 */
export const ping = (handler: PingHandler): Agent => make({ ...nothing, ping: O.some(handler) })

/**
 * Handles WebSockets on `GET /ws`. Messages are JSON values, or typed by `{ inbound, outbound }`, or strings with `{
 * format: 'text' }`. A message that cannot be decoded closes the connection with 1007, unless `invalid` beside the codecs
 * answers it.
 *
 * @example
 * ```ts
 * import { createApp, Handler, websocket } from 'agentcore-fp'
 * import { E, t } from 'agentcore-fp/fp'
 *
 * const Question = t.type({ ask: t.string })
 * const Reply = t.type({ say: t.string })
 *
 * export const app = createApp(
 *   websocket(
 *     { inbound: Question, outbound: Reply },
 *     Handler.onMessage(({ ask }) => E.right({ say: ask.toUpperCase() })),
 *   ),
 * )
 * ```
 */
export function websocket<S extends object = {}>(handler: SocketHandler<unknown, unknown, S>): Agent<S>
export function websocket<S extends object = {}>(
  settings: { readonly format: Format },
  handler: SocketHandler<unknown, unknown, S>,
): Agent<S>
export function websocket<In, Says, S extends object = {}>(
  codecs: AnsweringCodecs<In, Says>,
  handler: SocketHandler<In, Says, S>,
): Agent<S>
export function websocket<In, Says, S extends object = {}>(
  codecs: Codecs<In, Says>,
  handler: SocketHandler<In, Says, S>,
): Agent<S>
/** Never applies: it says what is wrong with the argument. */
export function websocket<F extends AnyFunction>(handler: F & Functional<F, SocketHandler<unknown, unknown>>): never
/** Never applies: it says what is wrong with an argument. */
export function websocket<C extends object, F extends AnyFunction>(
  settings: C,
  handler: F & Functional<F, SocketHandlerOf<C>>,
): never
export function websocket<In, Says, S extends object>(...args: SocketArgs<In, Says, S>): Agent<S> {
  return make({ ...nothing, websocket: O.some(socketEntry<In, Says, S>(args)) })
}

/** The handler that a pair of codecs calls for. */
type SocketHandlerOf<C> =
  C extends Codecs<infer In, infer Says> ? SocketHandler<In, Says> : SocketHandler<unknown, unknown>

type SocketArgs<In, Says, S extends object> = Untyped<S> | Typed<In, Says, S>

type Untyped<S extends object> =
  | readonly [SocketHandler<unknown, unknown, S>]
  | readonly [{ readonly format: Format }, SocketHandler<unknown, unknown, S>]

type Typed<In, Says, S extends object> = readonly [SocketCodecs<In, Says>, SocketHandler<In, Says, S>]

const isTyped = <In, Says, S extends object>(args: SocketArgs<In, Says, S>): args is Typed<In, Says, S> =>
  args.length === 2 && isPair(args[0])

const socketEntry = <In, Says, S extends object>(args: SocketArgs<In, Says, S>): SocketEntry<S> => {
  checkFunctional('websocket', args[args.length - 1])
  if (args.length === 2) checkSocketSettings(args[0])
  if (isTyped<In, Says, S>(args)) {
    const [codecs, handler] = args
    return { format: 'json', talk: typedTalk(codecs)(toTalk(handler)), recover: toRecovery(codecs) }
  }
  return args.length === 1
    ? { format: 'json', talk: toTalk(args[0]) }
    : { format: args[0].format, talk: toTalk(args[1]) }
}

/**
 * Adds typed state to the context for what follows, or rejects the request: before the handler, or before the upgrade
 * of a WebSocket.
 *
 * @example
 * ```ts
 * import { AgentError, type Context, createApp, entrypoint, provide } from 'agentcore-fp'
 * import { O, pipe, TE } from 'agentcore-fp/fp'
 *
 * const user = provide(({ userId }) =>
 *   O.isSome(userId) ? TE.right({ user: userId.value }) : TE.left(AgentError.rejected(403, 'Who are you?')),
 * )
 * const greet = entrypoint((_, { state }: Context.Context<{ readonly user: string }>) => TE.right(`Hello, ${state.user}`))
 *
 * export const app = createApp(pipe(user, greet))
 * ```
 */
export function provide<P extends object, S extends object = {}>(
  f: (context: Context<S>) => TE.TaskEither<AgentError, P>,
): Agent<{}, S, P>
/** Never applies: it says what is wrong with the argument. */
export function provide<F extends AnyFunction>(
  f: F & Functional<F, (context: Context) => TE.TaskEither<AgentError, object>>,
): never
export function provide<P extends object, S extends object>(
  f: (context: Context<S>) => TE.TaskEither<AgentError, P>,
): Agent<{}, S, P> {
  checkFunctional('provide', f)
  return make<{}, S, P>({ ...nothing, layers: provider(f) })
}

/**
 * Wraps the handler: it may inspect or replace the context, respond in the handler's place, and change the response.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Reply, wrap } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const versioned = wrap((next) => (context) => pipe(next(context), TE.map(Reply.withHeader('x-agent-version', '2'))))
 *
 * export const app = createApp(
 *   pipe(
 *     versioned,
 *     entrypoint((payload) => TE.right(payload)),
 *   ),
 * )
 * ```
 */
export function wrap<S extends object = {}>(f: (next: Step<S>) => Step<S>): Agent<{}, S>
/** Never applies: it says what is wrong with the argument. */
export function wrap<F extends AnyFunction>(f: F & Functional<F, (next: Step<object>) => Step<object>>): never
export function wrap<S extends object>(f: (next: Step<S>) => Step<S>): Agent<{}, S> {
  checkFunctional('wrap', f)
  return make<{}, S, {}>({ ...nothing, layers: wrapper(f) })
}

/**
 * Adds a Koa middleware; with a codec, what it left in `ctx.state` becomes typed state, validated at run time.
 *
 * @example
 * ```ts
 * import { Agent, createApp, entrypoint, Handler } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * const stamped = Agent.use(async (_: never, next: () => Promise<unknown>) => {
 *   await next()
 * })
 *
 * export const app = createApp(pipe(entrypoint(Handler.fromSync(() => 'hello')), stamped))
 * ```
 */
export function use(middleware: Middleware | MiddlewareFactory): Agent
export function use<P extends object>(middleware: Middleware, codec: Codec<P>): Agent<{}, {}, P>
export function use<P extends object>(
  ...args: [Middleware | MiddlewareFactory] | [Middleware, Codec<P>]
): Agent | Agent<{}, {}, P> {
  const used = make({ ...nothing, middleware: [args[0]] })
  if (args.length === 1) return used
  const toState = decode(args[1])
  return provide<P>((context) =>
    chainDecoded(toState(context.request.ctx.state), invalidState, (state) => TE.right(state)),
  )(used)
}
