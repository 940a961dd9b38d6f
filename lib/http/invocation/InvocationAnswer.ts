/** Turns the reply or failure of an invocation into its response, which ends the request. */
import * as E from 'fp-ts/Either'
import { type AgentError, cancelled, fromUnknown, notAcceptable } from '../../core/AgentError'
import { endFrames, failureFrames, type Framing } from '../../core/Framing'
import { cause, problem } from '../../core/Problem'
import { admitsEvents } from '../../core/Protocol'
import type { Body, Reply } from '../../core/Reply'
import { lastFrame } from '../../core/Sse'
import { interrupt, onInterrupt } from '../request/InFlight'
import {
  elapsed,
  failure,
  finish,
  readIncoming,
  readRequestId,
  type RequestScope,
  summarize,
  toLog,
} from '../request/RequestScope'
import { reportFlaws } from '../response/HeaderFlaws'
import { type Answer, fromReply, fromStream, toProblem, validateReply } from '../response/WireResponse'
import { openStream } from '../stream/EventStream'
import { eventLikeValues } from '../stream/EventLikeValues'
import type { StreamEnd } from '../stream/StreamState'
import { discard } from './runLayers'

/** The response for a reply. A reply that no constructor of `Reply` has made may contain anything. */
export const answered = (scope: RequestScope, reply: Reply): Answer | Promise<Answer> => {
  try {
    return encoded(scope, reply)
  } catch (thrown) {
    return fail(scope, fromUnknown(thrown))
  }
}

/** The response for a failure. */
export const fail = (scope: RequestScope, error: AgentError): Answer => {
  logFailure(scope, error)
  finish(scope)
  return failure(scope)(error)
}

type Events = Extract<Body, { readonly _tag: 'Events' }>

const encoded = (scope: RequestScope, reply: Reply): Answer | Promise<Answer> => {
  const flaw = validateReply(reply)
  if (reply.body._tag === 'Events') {
    if (flaw === undefined) return streamed(scope, reply, reply.body)
    discard(reply.body.source, () => undefined)
  }
  const answer = flaw === undefined ? fromReply(reply, scope.sessionId) : E.left(flaw)
  if (E.isLeft(answer)) return fail(scope, answer.left)
  summarize(scope, 'Invocation completed', reply.status)
  finish(scope)
  return answer.right
}

const streamed = (scope: RequestScope, reply: Reply, { source, framing = {} }: Events): Answer | Promise<Answer> => {
  const { open, settings } = scope.runtime
  const late = (thrown: unknown): void => toLog(scope).warn('A stream failed when it was closed', { error: thrown })()
  const isAccepted = admitsEvents(readIncoming(scope).req.headers.accept)
  const end = isAccepted ? endFrames(framing) : E.left(notAcceptable)
  if (E.isLeft(end)) {
    discard(source, late)
    return fail(scope, end.left)
  }
  open.enter()
  const opening = openStream(source, {
    keepAlive: settings.keepAlive,
    failureFrames: toFailureFrames(scope, framing),
    endFrames: end.right,
    isOpen: framing.early === 'events',
    toError: framing.toError ?? fromUnknown,
    onValue:
      scope.runtime.effects === undefined ? undefined : eventLikeValues((message) => toLog(scope).warn(message)()),
    onEnd: onStreamEnd(scope),
    report: late,
  })
  onInterrupt(scope, opening.interrupt)
  return opening.opened.then((opened) =>
    E.isLeft(opened) ? failure(scope)(opened.left) : fromStream(reply, opened.right, scope.sessionId),
  )
}

const toFailureFrames =
  (scope: RequestScope, framing: Framing) =>
  (error: AgentError): string => {
    const told = toProblem(error, scope.runtime.settings.reveals)
    const requestId = readRequestId(scope)
    if (framing.failure === undefined) return lastFrame(told, requestId)
    const own = failureFrames(framing.failure)(told, requestId)
    if (E.isRight(own)) return own.right
    toLog(scope).error('The framing of a stream failed', { error: cause(own.left) ?? problem(own.left).message })()
    return lastFrame(told, requestId)
  }

const onStreamEnd =
  (scope: RequestScope) =>
  (end: StreamEnd): void => {
    scope.runtime.open.leave()
    // Koa may close the stream before the request learns that the client has disconnected.
    if (E.isRight(end) && end.right === 'cancelled') interrupt(scope, cancelled)
    finish(scope)
    if (E.isLeft(end)) logFailure(scope, end.left)
    else summarize(scope, `Stream ${end.right}`)
  }

const logFailure = (scope: RequestScope, error: AgentError): void => {
  const { status, code, message } = problem(error)
  const fields = { status, code, duration: elapsed(scope) }
  reportFlaws(toLog(scope), error)
  if ('cause' in error)
    toLog(scope).error('Invocation failed', { ...fields, error: error.cause ?? String(error.cause) })()
  else if (error._tag === 'Cancelled') toLog(scope).info('The client closed the connection', fields)()
  else toLog(scope).warn('Invocation refused', { ...fields, reason: message })()
}
