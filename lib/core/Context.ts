/**
 * The context of a request, as one immutable value. Values that may be missing are Options; effects are capabilities,
 * so that a unit test can supply its own.
 *
 * @since 0.1.0
 */
import type { Option } from 'fp-ts/Option'
import type { Log } from './Log'
import type { Headers } from './Protocol'
import type { Access, SessionId } from './Session'
import type { TaskRunner } from './Tasks'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The headers of distributed tracing: W3C Trace Context and Baggage, and AWS X-Ray's. */
export interface Trace {
  readonly traceparent: Option<string>
  readonly tracestate: Option<string>
  readonly baggage: Option<string>
  readonly xAmznTraceId: Option<string>
}

/** The Koa request: the escape hatch. At run time this is Koa's complete `ctx.request`. */
export interface Request {
  readonly method: string
  readonly url: string
  readonly path: string
  readonly querystring: string
  readonly ip: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly get: (field: string) => string | ReadonlyArray<string>
  /** The Koa context, whose `state` middleware may have set. */
  readonly ctx: { readonly state: Readonly<Record<string, unknown>> }
}

/** The context of one request. `State` is what `provide` and `use(middleware, codec)` have added. */
export interface Context<out State extends object = {}> {
  readonly sessionId: SessionId
  readonly requestId: string
  /** All forwardable headers; names are case-insensitive. */
  readonly headers: Headers
  /** The user id that the caller claims; nobody has verified it. */
  readonly userId: Option<string>
  /** The token for AgentCore Identity, if the service sent one. */
  readonly workloadAccessToken: Option<string>
  /** The callback URL of a three-legged OAuth flow, if the service sent it. */
  readonly oauth2CallbackUrl: Option<string>
  readonly trace: Trace
  readonly state: Readonly<State>
  /** Aborts when the client disconnects, the deadline passes or the server stops. */
  readonly signal: AbortSignal
  /** The deadline, in milliseconds since the epoch, if there is one. */
  readonly deadline: Option<number>
  readonly tasks: TaskRunner
  readonly session: Access
  readonly log: Log
  readonly request: Request
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The same context with one part replaced. The other parts are copied as property descriptors, since some are computed
 * on first access.
 */
const withPart = <C extends object>(context: C, name: keyof C, value: unknown): C => {
  const next: Record<PropertyKey, unknown> = {}
  for (const key of Reflect.ownKeys(context)) {
    const own: TypedPropertyDescriptor<unknown> = Object.getOwnPropertyDescriptor(context, key) ?? {}
    if (key === name) next[key] = value
    else if ('value' in own) next[key] = own.value
    else Object.defineProperty(next, key, own)
  }
  return Object.freeze(next) as C // it has all properties of a `C`
}

/**
 * Adds state to a context.
 *
 * @example
 * ```ts
 * import { Context } from 'agentcore-fp'
 * import { testContext } from 'agentcore-fp/testing'
 *
 * export const user = Context.withState({ user: 'ann' })(testContext()).state.user
 * ```
 */
export const withState =
  <P extends object>(more: P) =>
  <S extends object>(context: Context<S>): Context<S & P> =>
    // The state has what `S & P` asks for from here on.
    withPart(context, 'state', Object.freeze({ ...context.state, ...more })) as Context<S & P>

/**
 * Replaces the signal of a context.
 *
 * @example
 * ```ts
 * import { Context } from 'agentcore-fp'
 * import { testContext } from 'agentcore-fp/testing'
 *
 * export const context = Context.withSignal(AbortSignal.timeout(1000))(testContext())
 * ```
 */
export const withSignal =
  (signal: AbortSignal) =>
  <S extends object>(context: Context<S>): Context<S> =>
    withPart(context, 'signal', signal)
