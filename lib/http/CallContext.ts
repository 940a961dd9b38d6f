/** The context of a call, as handlers are given it. What costs something is made when it is first asked for. */
import * as O from 'fp-ts/Option'
import type { Context } from '../core/Context'
import { header, headers, lookup, type RawHeaders } from '../core/Protocol'
import { type Call, holdSession, incomingOfCall, logOf, type Parts, requestIdOfCall } from './Call'
import { cancelSession } from './Calls'
import { viewOf } from './Incoming'
import { signalOf } from './Live'

const userIdOf = lookup(header.userId)
const currentTokenOf = lookup(header.workloadAccessToken)
const legacyTokenOf = lookup(header.legacyWorkloadAccessToken)
const oauth2CallbackUrlOf = lookup(header.oauth2CallbackUrl)
const traceparentOf = lookup(header.traceparent)
const tracestateOf = lookup(header.tracestate)
const baggageOf = lookup(header.baggage)
const xAmznTraceIdOf = lookup(header.xAmznTraceId)

const tokenOf = (raw: RawHeaders): O.Option<string> => {
  const token = currentTokenOf(raw)
  return O.isSome(token) ? token : legacyTokenOf(raw)
}

const traceOf = (raw: RawHeaders): Context['trace'] => ({
  traceparent: traceparentOf(raw),
  tracestate: tracestateOf(raw),
  baggage: baggageOf(raw),
  xAmznTraceId: xAmznTraceIdOf(raw),
})

const headersOfCall = (call: Call): Context['headers'] => headers(incomingOfCall(call).headers)

const traceOfCall = (call: Call): Context['trace'] => Object.freeze(traceOf(incomingOfCall(call).headers))

const tasksOf = (call: Call): Context['tasks'] =>
  Object.freeze(
    call.runtime.taskCell.runner(
      () => holdSession(call),
      () => logOf(call),
    ),
  )

const sessionOf = (call: Call): Context['session'] => {
  const { runtime, sessionId } = call
  const cancel = cancelSession(runtime.calls, sessionId, call)
  return Object.freeze(runtime.sessions.access(sessionId, () => signalOf(call), cancel))
}

const logOfContext = (call: Call): Context['log'] => Object.freeze(logOf(call))

const requestOf = (call: Call): Context['request'] => viewOf(incomingOfCall(call))

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
const ofRequest: ReadonlyArray<Lazily> = [
  lazily('requestId', requestIdOfCall),
  lazily('signal', signalOf),
  lazily('request', requestOf),
]

/** What an idle socket would hold for nothing. */
const ofSocket: ReadonlyArray<Lazily> = [
  ...ofRequest,
  lazily('headers', headersOfCall),
  lazily('trace', traceOfCall),
  lazily('tasks', tasksOf),
  lazily('session', sessionOf),
  lazily('log', logOfContext),
]

const define = (context: object, lazies: ReadonlyArray<Lazily>): Context => {
  for (const { name, getter } of lazies) Object.defineProperty(context, name, getter)
  // TypeScript does not see that the missing properties were defined.
  return Object.freeze(context) as Context
}

const noState: Readonly<{}> = Object.freeze({})

const deadlineOf = ({ runtime, since }: Call): O.Option<number> => {
  const { deadline } = runtime.settings
  return deadline > 0 ? Object.freeze(O.some(since + deadline)) : O.none
}

// Written out twice: to spread the one into the other takes longer than all the rest.

const requestContext = (call: Call, raw: RawHeaders): Context => {
  const context: Omit<Context, 'requestId' | 'signal' | 'request'> & OfCall = {
    sessionId: call.sessionId,
    headers: headersOfCall(call),
    userId: userIdOf(raw),
    workloadAccessToken: tokenOf(raw),
    oauth2CallbackUrl: oauth2CallbackUrlOf(raw),
    trace: traceOfCall(call),
    state: noState,
    deadline: deadlineOf(call),
    tasks: tasksOf(call),
    session: sessionOf(call),
    log: logOfContext(call),
    [origin]: call,
  }
  return define(context, ofRequest)
}

const socketContext = (call: Call, raw: RawHeaders): Context => {
  const context: Omit<Context, Lazy> & OfCall = {
    sessionId: call.sessionId,
    userId: userIdOf(raw),
    workloadAccessToken: tokenOf(raw),
    oauth2CallbackUrl: oauth2CallbackUrlOf(raw),
    state: noState,
    deadline: deadlineOf(call),
    [origin]: call,
  }
  return define(context, ofSocket)
}

/** The context of a call. */
export const contextOf = (call: Call): Context => {
  const raw = incomingOfCall(call).headers
  return call.kind === 'socket' ? socketContext(call, raw) : requestContext(call, raw)
}
