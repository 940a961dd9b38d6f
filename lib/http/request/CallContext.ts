/** The context of a call, as handlers are given it. What costs something is made when it is first asked for. */
import * as O from 'fp-ts/Option'
import type { Context } from '../../core/Context'
import { header, headers, lookup, type RawHeaders } from '../../core/Protocol'
import { type Call, holdSession, incomingOfCall, toLog, type Parts, requestIdOfCall } from './RequestScope'
import { cancelSession } from './InFlight'
import { toView } from './Incoming'
import { toSignal } from './Live'

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

const headersOfCall = (call: Call): Context['headers'] => headers(incomingOfCall(call).headers)

const traceOfCall = (call: Call): Context['trace'] => Object.freeze(toTrace(incomingOfCall(call).headers))

const toTasks = (call: Call): Context['tasks'] =>
  Object.freeze(
    call.runtime.taskCell.runner(
      () => holdSession(call),
      () => toLog(call),
    ),
  )

const toSession = (call: Call): Context['session'] => {
  const { runtime, sessionId } = call
  const cancel = cancelSession(runtime.calls, sessionId, call)
  return Object.freeze(runtime.sessions.access(sessionId, () => toSignal(call), cancel))
}

const logOfContext = (call: Call): Context['log'] => Object.freeze(toLog(call))

const toRequest = (call: Call): Context['request'] => toView(incomingOfCall(call))

const origin: unique symbol = Symbol('origin')

/** A context knows the call that its parts are made of. */
interface OfCall {
  readonly [origin]: Call
}

type Lazy = 'requestId' | 'headers' | 'trace' | 'signal' | 'tasks' | 'session' | 'log' | 'request'

interface Lazily {
  readonly name: Lazy
  readonly getter: PropertyDescriptor & ThisType<OfCall>
}

/** A property that is made of the call when it is first asked for. */
const lazily = <P extends Lazy>(name: P, make: (call: Call) => Context[P]): Lazily => ({
  name,
  getter: {
    enumerable: true,
    get() {
      const call = this[origin]
      const made: Parts = (call.parts ??= {})
      return (made[name] ??= make(call))
    },
  },
})

// One descriptor for all contexts: a getter for each would give every context a hidden class of its own.

/** What costs a request more than to define a property. */
const lazyForRequest: ReadonlyArray<Lazily> = [
  lazily('requestId', requestIdOfCall),
  lazily('signal', toSignal),
  lazily('request', toRequest),
]

/** What an idle socket would hold for nothing. */
const lazyForSocket: ReadonlyArray<Lazily> = [
  ...lazyForRequest,
  lazily('headers', headersOfCall),
  lazily('trace', traceOfCall),
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

const toDeadline = ({ runtime, since }: Call): O.Option<number> => {
  const { deadline } = runtime.settings
  return deadline > 0 ? Object.freeze(O.some(since + deadline)) : O.none
}

// Written out twice: to spread the one into the other takes longer than all the rest.

const requestContext = (call: Call, raw: RawHeaders): Context => {
  const context: Omit<Context, 'requestId' | 'signal' | 'request'> & OfCall = {
    sessionId: call.sessionId,
    headers: headersOfCall(call),
    userId: toUserId(raw),
    workloadAccessToken: toToken(raw),
    oauth2CallbackUrl: toOauth2CallbackUrl(raw),
    trace: traceOfCall(call),
    state: noState,
    deadline: toDeadline(call),
    tasks: toTasks(call),
    session: toSession(call),
    log: logOfContext(call),
    [origin]: call,
  }
  return define(context, lazyForRequest)
}

const socketContext = (call: Call, raw: RawHeaders): Context => {
  const context: Omit<Context, Lazy> & OfCall = {
    sessionId: call.sessionId,
    userId: toUserId(raw),
    workloadAccessToken: toToken(raw),
    oauth2CallbackUrl: toOauth2CallbackUrl(raw),
    state: noState,
    deadline: toDeadline(call),
    [origin]: call,
  }
  return define(context, lazyForSocket)
}

/** The context of a call. */
export const toContext = (call: Call): Context => {
  const raw = incomingOfCall(call).headers
  return call.kind === 'socket' ? socketContext(call, raw) : requestContext(call, raw)
}
