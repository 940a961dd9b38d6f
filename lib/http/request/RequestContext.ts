/**
 * The context of a request, as handlers receive it. Costly parts are computed on demand, which saves time for each
 * request and memory for each idle WebSocket. They are own properties rather than on a prototype, so that they survive
 * a spread of the context: `{ ...context, requestId }`.
 */
import * as O from 'fp-ts/Option'
import type { Context } from '../../core/Context'
import { header, headers, lookup, type RawHeaders } from '../../core/Protocol'
import { holdSession, type Parts, readIncoming, readRequestId, type RequestScope, toLog } from './RequestScope'
import { cancelSession, toSignal } from './InFlight'
import { toView } from './Incoming'

const toUserId = lookup(header.userId)
const toCurrentToken = lookup(header.workloadAccessToken)
const toLegacyToken = lookup(header.legacyWorkloadAccessToken)
const toOauth2CallbackUrl = lookup(header.oauth2CallbackUrl)
const toTraceparent = lookup(header.traceparent)
const toTracestate = lookup(header.tracestate)
const toBaggage = lookup(header.baggage)
const toXAmznTraceId = lookup(header.xAmznTraceId)

const toToken = (raw: RawHeaders): O.Option<string> => {
  const token = toCurrentToken(raw)
  return O.isSome(token) ? token : toLegacyToken(raw)
}

const toTrace = (raw: RawHeaders): Context['trace'] => ({
  traceparent: toTraceparent(raw),
  tracestate: toTracestate(raw),
  baggage: toBaggage(raw),
  xAmznTraceId: toXAmznTraceId(raw),
})

const toContextHeaders = (scope: RequestScope): Context['headers'] => headers(readIncoming(scope).headers)

const toContextTrace = (scope: RequestScope): Context['trace'] => Object.freeze(toTrace(readIncoming(scope).headers))

const toTasks = (scope: RequestScope): Context['tasks'] =>
  Object.freeze(
    scope.runtime.taskCell.runner(
      () => holdSession(scope),
      () => toLog(scope),
    ),
  )

const toSession = (scope: RequestScope): Context['session'] => {
  const { runtime, sessionId } = scope
  const cancel = cancelSession(runtime.inFlight, sessionId, scope)
  return Object.freeze(runtime.sessions.access(sessionId, () => toSignal(scope), cancel))
}

const logOfContext = (scope: RequestScope): Context['log'] => Object.freeze(toLog(scope))

const toRequest = (scope: RequestScope): Context['request'] => toView(readIncoming(scope))

const origin: unique symbol = Symbol('origin')

/** A context knows the scope from which its parts are computed. */
interface OfScope {
  readonly [origin]: RequestScope
}

type Lazy = 'requestId' | 'headers' | 'trace' | 'signal' | 'tasks' | 'session' | 'log' | 'request'

interface Lazily {
  readonly name: Lazy
  readonly getter: PropertyDescriptor & ThisType<OfScope>
}

/** A property computed from the scope on first access. */
const lazily = <P extends Lazy>(name: P, make: (scope: RequestScope) => Context[P]): Lazily => ({
  name,
  getter: {
    enumerable: true,
    get() {
      const scope = this[origin]
      const made: Parts = (scope.parts ??= {})
      return (made[name] ??= make(scope))
    },
  },
})

// One descriptor for all contexts: a getter for each would give every context a hidden class of its own.

/** Parts that cost a request more than the definition of a property. */
const lazyForRequest: ReadonlyArray<Lazily> = [
  lazily('requestId', readRequestId),
  lazily('signal', toSignal),
  lazily('request', toRequest),
]

/** Parts that an idle WebSocket would hold in vain. */
const lazyForSocket: ReadonlyArray<Lazily> = [
  ...lazyForRequest,
  lazily('headers', toContextHeaders),
  lazily('trace', toContextTrace),
  lazily('tasks', toTasks),
  lazily('session', toSession),
  lazily('log', logOfContext),
]

const define = (context: object, lazies: ReadonlyArray<Lazily>): Context => {
  for (const { name, getter } of lazies) Object.defineProperty(context, name, getter)
  // TypeScript does not see that the missing properties were defined.
  return Object.freeze(context) as Context
}

const noState: Readonly<{}> = Object.freeze({})

const toDeadline = ({ runtime, since }: RequestScope): O.Option<number> => {
  const { deadline } = runtime.settings
  return deadline > 0 ? Object.freeze(O.some(since + deadline)) : O.none
}

// Written out twice: spreading one into the other takes longer than all the rest.

const requestContext = (scope: RequestScope, raw: RawHeaders): Context => {
  const context: Omit<Context, 'requestId' | 'signal' | 'request'> & OfScope = {
    sessionId: scope.sessionId,
    headers: toContextHeaders(scope),
    userId: toUserId(raw),
    workloadAccessToken: toToken(raw),
    oauth2CallbackUrl: toOauth2CallbackUrl(raw),
    trace: toContextTrace(scope),
    state: noState,
    deadline: toDeadline(scope),
    tasks: toTasks(scope),
    session: toSession(scope),
    log: logOfContext(scope),
    [origin]: scope,
  }
  return define(context, lazyForRequest)
}

const socketContext = (scope: RequestScope, raw: RawHeaders): Context => {
  const context: Omit<Context, Lazy> & OfScope = {
    sessionId: scope.sessionId,
    userId: toUserId(raw),
    workloadAccessToken: toToken(raw),
    oauth2CallbackUrl: toOauth2CallbackUrl(raw),
    state: noState,
    deadline: toDeadline(scope),
    [origin]: scope,
  }
  return define(context, lazyForSocket)
}

/** The context of a scope. */
export const toContext = (scope: RequestScope): Context => {
  const raw = readIncoming(scope).headers
  return scope.kind === 'socket' ? socketContext(scope, raw) : requestContext(scope, raw)
}
