/** `POST /invocations`: runs the agent's layers around its handler, and turns the reply into a response. */
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Closed } from '../../core/Agent'
import { type AgentError, checked, noEntrypoint, notAcceptable, unencodable } from '../../core/AgentError'
import { call, disregard } from '../../core/Call'
import type { Context } from '../../core/Context'
import type { Step } from '../../core/Layer'
import { admitsEvents } from '../../core/Protocol'
import { json as jsonReply, of as replyOf, type Reply, type Source } from '../../core/Reply'
import { readIncoming, type RequestScope } from '../request/RequestScope'
import type { Runtime } from '../request/Runtime'
import type { Answer } from '../response/WireResponse'
import { runAction } from './DebugActions'
import { answered, fail } from './InvocationAnswer'
import { readJson } from './RequestBody'
import { type Outcome, runLayers } from './runLayers'

/** Handles an invocation. `payload` is set if a middleware has read the body. */
export type Invoke = (scope: RequestScope, payload?: E.Either<AgentError, unknown>) => Promise<Answer>

/** Handles the invocations of an agent. */
export const invocations = (runtime: Runtime, agent: Closed): Invoke => {
  const handle = handling(runtime, agent)
  const alwaysStreams = O.isSome(agent.entrypoint) && agent.entrypoint.value._tag === 'Stream'
  return (scope, payload) => {
    const { req } = readIncoming(scope)
    if (alwaysStreams && !admitsEvents(req.headers.accept)) {
      req.resume()
      return Promise.resolve(fail(scope, notAcceptable))
    }
    const read: Read = () => (payload === undefined ? readJson(req, runtime) : Promise.resolve(payload))
    return runLayers(scope, agent.layers, handle(read)).then((outcome) =>
      E.isLeft(outcome) ? fail(scope, outcome.left) : answered(scope, outcome.right),
    )
  }
}

/** Reads the payload, on demand: only once every provider has admitted the request. */
type Read = () => Promise<E.Either<AgentError, unknown>>

/** The innermost step of an invocation: reads the payload and runs the handler. */
const handling = (runtime: Runtime, { entrypoint }: Closed): ((read: Read) => Step<{}>) => {
  const { ambient } = runtime
  const debugAction = debugActions(runtime)
  return (read) => (context) => async () => {
    const payload = await read()
    if (E.isLeft(payload)) return payload
    const action = debugAction(payload.right)
    if (action !== undefined) return action
    if (O.isNone(entrypoint)) return E.left(noEntrypoint)
    const { run } = entrypoint.value
    const result = checked(await ambient.run(context, () => call(run(payload.right, context))))
    if (E.isLeft(result)) return result
    if (result.right instanceof Promise) return unawaited(result.right)
    return E.right(bindStream(runtime, replyOf(result.right), context))
  }
}

/** With `debug`, the response to a debug action; undefined for any other payload. */
const debugActions =
  (runtime: Runtime) =>
  (payload: unknown): Promise<Outcome> | undefined =>
    runtime.settings.debug ? runAction(runtime, payload)?.then(E.map(jsonReply)) : undefined

/** The failure of a handler that returned a promise inside its reply: its JSON would be `{}`. */
const unawaited = (answer: Promise<unknown>): E.Either<AgentError, never> => {
  disregard(answer)
  return E.left(unencodable('it is a promise: make the handler with Handler.fromAsync'))
}

/** Restores the current context for a stream, whose code runs when pulled, long after the handler. */
const bindStream = ({ ambient }: Runtime, reply: Reply, context: Context): Reply => {
  if (reply.body._tag !== 'Events') return reply
  listenForErrors(reply.body.source)
  return { ...reply, body: { ...reply.body, source: ambient.bind(context, reply.body.source) } }
}

/** Absorbs errors of a Node stream while nobody reads it: an unhandled `error` event would crash the process. */
const listenForErrors = (source: Source): void => {
  if (source instanceof Readable) source.on('error', () => undefined) // its iterator reports the error to the reader
}
