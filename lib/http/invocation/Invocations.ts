/** `POST /invocations`: payload in, answer out. */
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Around, Spec, Step } from '../../core/Agent'
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
import { call as callIt, disregard } from '../../core/Call'
import { isStreaming } from '../../core/Handler'
import { json as jsonReply, of as replyOf, type Reply, type Source } from '../../core/Reply'
import { lastFrame } from '../../core/Sse'
import { admitsEvents, header } from '../../core/Protocol'
import type { Ambient } from '../state/CurrentContext'
import { type Answer, validateReply, fromError, fromReply, fromStream, toProblem } from '../response/WireResponse'
import { readJson } from './RequestBody'
import { type Call, elapsed, finish, incomingOfCall, toLog, requestIdOfCall } from '../request/RequestScope'
import { toContext } from '../request/CallContext'
import { runAction } from './DebugActions'
import { openStream } from '../stream/EventStream'
import { toIterator } from '../stream/SourcePull'
import type { StreamEnd } from '../stream/StreamState'
import { reportFlaws } from '../response/HeaderFlaws'
import { interrupt, onInterrupt } from '../request/Live'
import type { Runtime } from '../request/Runtime'

/** A closed agent: everything that its handlers need is provided. */
export type Closed<Has extends object> = Spec<Has, {}, Has>

/** Gets a payload; it is asked for once every provider has let the request through. */
type Read = () => Promise<E.Either<AgentError, unknown>>

/** The handler of an agent, from payload and bare context to reply, all providers and wraps around it. */
const pipeline = <Has extends object>(
  { entrypoint, around }: Closed<Has>,
  ambient: Ambient,
  act: (payload: unknown) => Promise<E.Either<AgentError, Reply>> | undefined,
): ((read: Read) => Step<{}>) => {
  const within: Around<{}, Has> = around
  const bound = (reply: Reply, context: Context): Reply =>
    reply.body._tag === 'Events'
      ? { ...reply, body: { ...reply.body, source: ambient.bind(context, reply.body.source) } }
      : reply
  return (read) =>
    within<{}>((context) => async () => {
      const payload = await read()
      if (E.isLeft(payload)) return payload
      const acted = act(payload.right)
      if (acted !== undefined) return acted
      if (O.isNone(entrypoint)) return E.left(noEntrypoint)
      const handler = entrypoint.value
      const result = checked(await ambient.run(context, () => callIt(handler(payload.right, context))))
      if (E.isLeft(result)) return result
      if (result.right instanceof Promise) return unawaited(result.right)
      const reply = replyOf(result.right)
      if (reply.body._tag === 'Events') listenForErrors(reply.body.source)
      return E.right(bound(reply, context))
    })
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

/** Closes a source that nobody will read. */
const discard = (source: Source, report: (cause: unknown) => void): void => {
  if (source instanceof Readable) return void source.on('error', report).destroy()
  const closing = async (): Promise<unknown> => toIterator(source).return?.()
  closing().catch(report)
}

/** The outcome of a handler, or the reason of an interruption, whichever comes first. */
const settled = (call: Call, run: () => Promise<E.Either<AgentError, Reply>>): Promise<E.Either<AgentError, Reply>> =>
  new Promise((resolve) => {
    let isOver = false
    onInterrupt(call, (reason) => {
      isOver = true
      resolve(E.left(reason))
    })
    const late = (thrown: unknown): void =>
      toLog(call).warn('A handler failed after its call was over', { error: thrown })()
    const settle = (result: E.Either<AgentError, Reply>): void => {
      if (!isOver) return resolve(result)
      if (E.isRight(result) && result.right.body._tag === 'Events') discard(result.right.body.source, late)
    }
    const onThrow = (thrown: unknown): void => (isOver ? late(thrown) : resolve(E.left(fromUnknown(thrown))))
    try {
      run().then((result) => settle(checked<Reply>(result)), onThrow)
    } catch (thrown) {
      onThrow(thrown)
    }
  })

/** Answers the invocations of an agent. `payload` is there already where a middleware has read the body. */
export const invocations = <Has extends object>(
  runtime: Runtime,
  agent: Closed<Has>,
): ((call: Call, payload?: E.Either<AgentError, unknown>) => Promise<Answer>) => {
  const { settings, ambient } = runtime
  const act = (payload: unknown): Promise<E.Either<AgentError, Reply>> | undefined =>
    settings.debug ? runAction(runtime, payload)?.then(E.map(jsonReply)) : undefined
  const step = pipeline(agent, ambient, act)
  const run = (read: Read, context: Context): Promise<E.Either<AgentError, Reply>> =>
    ambient.run(context, () => step(read)(context)())
  const alwaysStreams = O.isSome(agent.entrypoint) && isStreaming(agent.entrypoint.value)

  const logFailure = (call: Call, error: AgentError): void => {
    const { status, code, message } = problem(error)
    const fields = { status, code, duration: elapsed(call) }
    reportFlaws(toLog(call), error)
    if ('cause' in error)
      toLog(call).error('Invocation failed', { ...fields, error: error.cause ?? String(error.cause) })()
    else if (error._tag === 'Cancelled') toLog(call).info('The client left', fields)()
    else toLog(call).warn('Invocation refused', { ...fields, reason: message })()
  }

  const fail = (call: Call, error: AgentError): Answer => {
    logFailure(call, error)
    finish(call)
    return fromError(error, requestIdOfCall(call), settings.debug, { [header.sessionId]: call.sessionId })
  }

  const onStreamEnd =
    (call: Call) =>
    (end: StreamEnd): void => {
      runtime.open.leave()
      // Koa may close the stream before the call learns that the client has left.
      if (E.isRight(end) && end.right === 'cancelled') interrupt(call, cancelled)
      finish(call)
      if (E.isLeft(end)) logFailure(call, end.left)
      else toLog(call).info(`Stream ${end.right}`, { duration: elapsed(call) })()
    }

  const streamed = (call: Call, reply: Reply, source: Source): Answer | Promise<Answer> => {
    const late = (thrown: unknown): void => toLog(call).warn('A stream failed when it was closed', { error: thrown })()
    if (!admitsEvents(incomingOfCall(call).req.headers.accept)) {
      discard(source, late)
      return fail(call, notAcceptable)
    }
    runtime.open.enter()
    const opening = openStream(source, {
      keepAlive: settings.keepAlive,
      lastFrame: (error) => lastFrame(toProblem(error, settings.debug), requestIdOfCall(call)),
      onEnd: onStreamEnd(call),
      report: late,
    })
    onInterrupt(call, opening.interrupt)
    return opening.opened.then((opened) =>
      E.isLeft(opened)
        ? fromError(opened.left, requestIdOfCall(call), settings.debug, { [header.sessionId]: call.sessionId })
        : fromStream(reply, opened.right, call.sessionId),
    )
  }

  /** The answer that a reply stands for. A reply that was not made by a constructor of `Reply` may hold anything. */
  const answered = (call: Call, reply: Reply): Answer | Promise<Answer> => {
    try {
      return encoded(call, reply)
    } catch (thrown) {
      return fail(call, fromUnknown(thrown))
    }
  }

  const encoded = (call: Call, reply: Reply): Answer | Promise<Answer> => {
    const flaw = validateReply(reply)
    if (reply.body._tag === 'Events') {
      if (flaw === undefined) return streamed(call, reply, reply.body.source)
      discard(reply.body.source, () => undefined)
    }
    const answer = flaw === undefined ? fromReply(reply, call.sessionId) : E.left(flaw)
    if (E.isLeft(answer)) return fail(call, answer.left)
    toLog(call).info('Invocation completed', { status: reply.status, duration: elapsed(call) })()
    finish(call)
    return answer.right
  }

  return (call, payload) => {
    const { req } = incomingOfCall(call)
    if (alwaysStreams && !admitsEvents(req.headers.accept)) {
      req.resume()
      return Promise.resolve(fail(call, notAcceptable))
    }
    const read: Read = () => (payload === undefined ? readJson(req, runtime) : Promise.resolve(payload))
    return settled(call, () => run(read, toContext(call))).then((result) =>
      E.isLeft(result) ? fail(call, result.left) : answered(call, result.right),
    )
  }
}
