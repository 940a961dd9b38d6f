/**
 * The context of a request, as handlers are given it. A saving, of time for requests and of memory for idle sockets: what
 * costs something is made when it is first asked for. Those parts are properties of the context itself and not of a
 * prototype, since users spread contexts (`{ ...context, requestId }`), which must lose none.
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

/** A context knows the scope that its parts are made of. */
interface OfScope {
  readonly [origin]: RequestScope
}

type Lazy = 'requestId' | 'headers' | 'trace' | 'signal' | 'tasks' | 'session' | 'log' | 'request'

interface Lazily {
  readonly name: Lazy
  readonly getter: PropertyDescriptor & ThisType<OfScope>
}

/** A property that is made of the scope when it is first asked for. */
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

/** What costs a request more than to define a property. */
const lazyForRequest: ReadonlyArray<Lazily> = [
  lazily('requestId', readRequestId),
  lazily('signal', toSignal),
  lazily('request', toRequest),
]

/** What an idle socket would hold for nothing. */
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

// Written out twice: to spread the one into the other takes longer than all the rest.

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
