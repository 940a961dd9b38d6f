/**
 * The context of a request for plain functions: effects happen when they are called, and whatever may be absent is
 * `undefined`. It is a view of the functional context, whose parts are made when they are first read.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import type { Context, Request } from './Context'
import type { Fields, Level } from './Log'
import { type PlainTasks, toPlainTasks } from './PlainTasks'
import type { SessionId } from './Session'
import { type PlainSession, toPlainSession } from './PlainSession'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The context of one request. `State` is what `provide` and `use(middleware, codec)` have added. */
export interface PlainContext<out State extends object = {}> {
  readonly sessionId: SessionId
  readonly requestId: string
  /** All forwardable headers; names are case-insensitive. */
  readonly headers: PlainHeaders
  /** The user id that the caller claims; nobody has verified it. */
  readonly userId: string | undefined
  /** The token for AgentCore Identity, if the service sent one. */
  readonly workloadAccessToken: string | undefined
  /** The callback URL of a three-legged OAuth flow, if the service sent it. */
  readonly oauth2CallbackUrl: string | undefined
  readonly trace: PlainTrace
  readonly state: Readonly<State>
  /** Aborts when the client disconnects, the deadline passes or the server stops. */
  readonly signal: AbortSignal
  /** The deadline, in milliseconds since the epoch, if there is one. */
  readonly deadline: number | undefined
  readonly tasks: PlainTasks
  readonly session: PlainSession
  readonly log: PlainLog
  readonly request: Request
}

/** The forwardable headers of a request; names are case-insensitive. */
export interface PlainHeaders {
  readonly get: (name: string) => string | undefined
  /** All forwardable headers by their lower-case name. */
  readonly toRecord: () => Readonly<Record<string, string>>
}

/** The headers of distributed tracing: W3C Trace Context and Baggage, and AWS X-Ray's. */
export interface PlainTrace {
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly baggage: string | undefined
  readonly xAmznTraceId: string | undefined
}

/** The log of a handler: `log.info('Found', { count })` writes a line with the ids of the request and its session. */
export type PlainLog = Readonly<Record<Level, (message: string, fields?: Fields) => void>>

const source: unique symbol = Symbol.for('agentcore-fp/PlainContext')

/** A view knows the context that it shows, and the parts of it that were read. */
interface View {
  [source]: Context
  parts: { log?: PlainLog; tasks?: PlainTasks; session?: PlainSession }
}

// ---------------------------------------------------------------------------------------------------------------------
// conversions
// ---------------------------------------------------------------------------------------------------------------------

/** The view of a context that plain functions receive. */
export const toPlain = <S extends object>(context: Context<S>): PlainContext<S> => {
  // `Object.create` knows no types: the prototype has every property of the view but those that are set here.
  const view = Object.create(prototype) as View & PlainContext<S>
  view[source] = context
  view.parts = {}
  return view
}

/** The functional context behind a view. Throws for a context that was made by hand. */
export const toFunctional = <S extends object>(view: PlainContext<S>): Context<S> => {
  // Only `toPlain` makes views; its context has the state of the view.
  const context = (view as Partial<View>)[source] as Context<S> | undefined
  if (context !== undefined) return context
  throw new TypeError(
    'This is not a context of agentcore-fp: in a test, call the handler with run of agentcore-fp/testing, or make its ' +
      'context with plainTestContext()',
  )
}

const toTrace = ({ traceparent, tracestate, baggage, xAmznTraceId }: Context['trace']): PlainTrace => ({
  traceparent: O.toUndefined(traceparent),
  tracestate: O.toUndefined(tracestate),
  baggage: O.toUndefined(baggage),
  xAmznTraceId: O.toUndefined(xAmznTraceId),
})

const toPlainLog = (log: Context['log']): PlainLog => ({
  debug: (message, fields) => log.debug(message, fields)(),
  info: (message, fields) => log.info(message, fields)(),
  warn: (message, fields) => log.warn(message, fields)(),
  error: (message, fields) => log.error(message, fields)(),
})

/** One prototype for all views: a view costs two assignments, and what its function does not read costs nothing. */
const prototype: PlainContext & ThisType<View> = {
  get sessionId() {
    return this[source].sessionId
  },
  get requestId() {
    return this[source].requestId
  },
  get headers() {
    const { headers } = this[source]
    return { get: (name: string) => O.toUndefined(headers.get(name)), toRecord: () => headers.toRecord() }
  },
  get userId() {
    return O.toUndefined(this[source].userId)
  },
  get workloadAccessToken() {
    return O.toUndefined(this[source].workloadAccessToken)
  },
  get oauth2CallbackUrl() {
    return O.toUndefined(this[source].oauth2CallbackUrl)
  },
  get trace() {
    return toTrace(this[source].trace)
  },
  get state() {
    return this[source].state
  },
  get signal() {
    return this[source].signal
  },
  get deadline() {
    return O.toUndefined(this[source].deadline)
  },
  get tasks() {
    const context = this[source]
    return (this.parts.tasks ??= toPlainTasks(context.tasks, () => context.signal))
  },
  get session() {
    return (this.parts.session ??= toPlainSession(this[source].session))
  },
  get log() {
    return (this.parts.log ??= toPlainLog(this[source].log))
  },
  get request() {
    return this[source].request
  },
}
