/** `POST /invocations`: payload in, answer out. */
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Closed } from '../../core/Agent'
import {
  type AgentError,
  cancelled,
  checked,
  fromUnknown,
  noEntrypoint,
  notAcceptable,
  problem,
  unencodable,
} from '../../core/AgentError'
import type { Context } from '../../core/Context'
import { call, disregard } from '../../core/Call'
import type { Step } from '../../core/Layer'
import { json as jsonReply, of as replyOf, type Reply, type Source } from '../../core/Reply'
import { lastFrame } from '../../core/Sse'
import { admitsEvents } from '../../core/Protocol'
import type { Ambient } from '../state/CurrentContext'
import { type Answer, validateReply, fromReply, fromStream, toProblem } from '../response/WireResponse'
import { readJson } from './RequestBody'
import {
  type RequestScope,
  elapsed,
  failure,
  finish,
  readIncoming,
  toLog,
  readRequestId,
} from '../request/RequestScope'
import { runAction } from './DebugActions'
import { discard, type Outcome, runLayers } from './runLayers'
import { openStream } from '../stream/EventStream'
import type { StreamEnd } from '../stream/StreamState'
import { reportFlaws } from '../response/HeaderFlaws'
import { interrupt, onInterrupt } from '../request/InFlight'
import type { Runtime } from '../request/Runtime'

/** What `debug` answers in place of the handler; undefined for a payload that is no debug action. */
type DebugAction = (payload: unknown) => Promise<Outcome> | undefined

/** Gets a payload; it is asked for once every provider has let the request through. */
type Read = () => Promise<E.Either<AgentError, unknown>>

/** The innermost step of an invocation: the payload is read, then handled. */
const handling = ({ entrypoint }: Closed, ambient: Ambient, act: DebugAction): ((read: Read) => Step<{}>) => {
  const bound = (reply: Reply, context: Context): Reply =>
    reply.body._tag === 'Events'
      ? { ...reply, body: { ...reply.body, source: ambient.bind(context, reply.body.source) } }
      : reply
  return (read) => (context) => async () => {
    const payload = await read()
    if (E.isLeft(payload)) return payload
    const acted = act(payload.right)
    if (acted !== undefined) return acted
    if (O.isNone(entrypoint)) return E.left(noEntrypoint)
    const { run } = entrypoint.value
    const result = checked(await ambient.run(context, () => call(run(payload.right, context))))
    if (E.isLeft(result)) return result
    if (result.right instanceof Promise) return unawaited(result.right)
    const reply = replyOf(result.right)
    if (reply.body._tag === 'Events') listenForErrors(reply.body.source)
    return E.right(bound(reply, context))
  }
}

/** The failure of a handler that gave a promise inside its answer: its JSON would be `{}`. */
const unawaited = (answer: Promise<unknown>): E.Either<AgentError, never> => {
  disregard(answer)
  return E.left(unencodable('it is a promise: make the handler with Handler.fromAsync'))
}

/** A stream of Node may break when nobody reads it any more, or not yet: where nobody listens, that ends the process. */
const listenForErrors = (source: Source): void => {
  if (source instanceof Readable) source.on('error', () => undefined) // who reads it is told by its iterator
}

/** Answers the invocations of an agent. `payload` is there already where a middleware has read the body. */
export const invocations = (
  runtime: Runtime,
  agent: Closed,
): ((scope: RequestScope, payload?: E.Either<AgentError, unknown>) => Promise<Answer>) => {
  const { settings, ambient } = runtime
  const act: DebugAction = (payload) =>
    settings.debug ? runAction(runtime, payload)?.then(E.map(jsonReply)) : undefined
  const handle = handling(agent, ambient, act)
  const alwaysStreams = O.isSome(agent.entrypoint) && agent.entrypoint.value._tag === 'Stream'

  const logFailure = (scope: RequestScope, error: AgentError): void => {
    const { status, code, message } = problem(error)
    const fields = { status, code, duration: elapsed(scope) }
    reportFlaws(toLog(scope), error)
    if ('cause' in error)
      toLog(scope).error('Invocation failed', { ...fields, error: error.cause ?? String(error.cause) })()
    else if (error._tag === 'Cancelled') toLog(scope).info('The client left', fields)()
    else toLog(scope).warn('Invocation refused', { ...fields, reason: message })()
  }

  const fail = (scope: RequestScope, error: AgentError): Answer => {
    logFailure(scope, error)
    finish(scope)
    return failure(scope)(error)
  }

  const onStreamEnd =
    (scope: RequestScope) =>
    (end: StreamEnd): void => {
      runtime.open.leave()
      // Koa may close the stream before the request learns that the client has left.
      if (E.isRight(end) && end.right === 'cancelled') interrupt(scope, cancelled)
      finish(scope)
      if (E.isLeft(end)) logFailure(scope, end.left)
      else toLog(scope).info(`Stream ${end.right}`, { duration: elapsed(scope) })()
    }

  const streamed = (scope: RequestScope, reply: Reply, source: Source): Answer | Promise<Answer> => {
    const late = (thrown: unknown): void => toLog(scope).warn('A stream failed when it was closed', { error: thrown })()
    if (!admitsEvents(readIncoming(scope).req.headers.accept)) {
      discard(source, late)
      return fail(scope, notAcceptable)
    }
    runtime.open.enter()
    const opening = openStream(source, {
      keepAlive: settings.keepAlive,
      lastFrame: (error) => lastFrame(toProblem(error, settings.debug), readRequestId(scope)),
      onEnd: onStreamEnd(scope),
      report: late,
    })
    onInterrupt(scope, opening.interrupt)
    return opening.opened.then((opened) =>
      E.isLeft(opened) ? failure(scope)(opened.left) : fromStream(reply, opened.right, scope.sessionId),
    )
  }

  /** The answer that a reply stands for. A reply that was not made by a constructor of `Reply` may hold anything. */
  const answered = (scope: RequestScope, reply: Reply): Answer | Promise<Answer> => {
    try {
      return encoded(scope, reply)
    } catch (thrown) {
      return fail(scope, fromUnknown(thrown))
    }
  }

  const encoded = (scope: RequestScope, reply: Reply): Answer | Promise<Answer> => {
    const flaw = validateReply(reply)
    if (reply.body._tag === 'Events') {
      if (flaw === undefined) return streamed(scope, reply, reply.body.source)
      discard(reply.body.source, () => undefined)
    }
    const answer = flaw === undefined ? fromReply(reply, scope.sessionId) : E.left(flaw)
    if (E.isLeft(answer)) return fail(scope, answer.left)
    toLog(scope).info('Invocation completed', { status: reply.status, duration: elapsed(scope) })()
    finish(scope)
    return answer.right
  }

  return (scope, payload) => {
    const { req } = readIncoming(scope)
    if (alwaysStreams && !admitsEvents(req.headers.accept)) {
      req.resume()
      return Promise.resolve(fail(scope, notAcceptable))
    }
    const read: Read = () => (payload === undefined ? readJson(req, runtime) : Promise.resolve(payload))
    return runLayers(scope, agent.layers, handle(read)).then((result) =>
      E.isLeft(result) ? fail(scope, result.left) : answered(scope, result.right),
    )
  }
}
