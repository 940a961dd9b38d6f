/** The context of a call, as handlers are given it. What costs something is made when it is first asked for. */
import * as O from 'fp-ts/Option'
import type { Context } from '../core/Context'
import { header, headers, lookup, type RawHeaders } from '../core/Protocol'
import { type Call, holdSession, incomingOfCall, logOf, type Parts, requestIdOfCall } from './Call'
import { cancelSession } from './Calls'
import { viewOf } from './Incoming'
import { signalOf } from './Live'

const firstOf = (raw: RawHeaders, ...names: ReadonlyArray<string>): O.Option<string> => {
  for (const name of names) {
    const found = lookup(name)(raw)
    if (O.isSome(found)) return found
  }
  return O.none
}

const traceOf = (raw: RawHeaders): Context['trace'] => ({
  traceparent: lookup(header.traceparent)(raw),
  tracestate: lookup(header.tracestate)(raw),
  baggage: lookup(header.baggage)(raw),
  xAmznTraceId: lookup(header.xAmznTraceId)(raw),
})

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
const lazies: ReadonlyArray<Lazily> = [
  lazily('requestId', requestIdOfCall),
  lazily('headers', (call) => headers(incomingOfCall(call).headers)),
  lazily('trace', (call) => Object.freeze(traceOf(incomingOfCall(call).headers))),
  lazily('signal', signalOf),
  lazily('tasks', (call) =>
    Object.freeze(
      call.runtime.taskCell.runner(
        () => holdSession(call),
        () => logOf(call),
      ),
    ),
  ),
  lazily('session', (call) => {
    const { runtime, sessionId } = call
    const cancel = cancelSession(runtime.calls, sessionId, call)
    return Object.freeze(runtime.sessions.access(sessionId, () => signalOf(call), cancel))
  }),
  lazily('log', (call) => Object.freeze(logOf(call))),
  lazily('request', (call) => viewOf(incomingOfCall(call))),
]

const noState: Readonly<{}> = Object.freeze({})

/** The context of a call. */
export const contextOf = (call: Call): Context => {
  const { sessionId, runtime, since } = call
  const raw = incomingOfCall(call).headers
  const { deadline } = runtime.settings
  const context: Omit<Context, Lazy> & OfCall = {
    sessionId,
    userId: lookup(header.userId)(raw),
    workloadAccessToken: firstOf(raw, header.workloadAccessToken, header.legacyWorkloadAccessToken),
    oauth2CallbackUrl: lookup(header.oauth2CallbackUrl)(raw),
    state: noState,
    deadline: deadline > 0 ? Object.freeze(O.some(since + deadline)) : O.none,
    [origin]: call,
  }
  for (const { name, getter } of lazies) Object.defineProperty(context, name, getter)
  // TypeScript does not see that the missing properties were defined.
  return Object.freeze(context) as unknown as Context
}
