/** Which answer a request gets: the three paths of the contract, and a failure for everything else. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { type AgentError, cancelled, methodNotAllowed, notFound, stopping, upgradeRequired } from '../core/AgentError'
import { type Health, toPing } from '../core/Health'
import { path } from '../core/Protocol'
import { type Answer, ofError, ofJson } from './Answer'
import { createCall } from './Call'
import { idOf, type Incoming, pathOf, sessionIdOf } from './Incoming'
import { type Closed, invocations } from './Invocations'
import { interrupt } from './Live'
import type { Runtime } from './Runtime'

/** Answers requests. `payload` is there already where a middleware has read the body. */
export interface Routes {
  /** The answer to `/ping` where it can be had at once; undefined for any other request. */
  readonly ping: (req: IncomingMessage) => Answer | undefined
  readonly answer: (incoming: Incoming, res: EventEmitter, payload?: E.Either<AgentError, unknown>) => Promise<Answer>
  /** The answer that a failure is told by. */
  readonly failure: (error: AgentError, requestId: string) => Answer
}

/** The routes of an agent. */
export const createRoutes = <Has extends object>(runtime: Runtime, agent: Closed<Has>): Routes => {
  const { settings, health, pingHeaders } = runtime
  const invoke = invocations(runtime, agent)
  const hasSocket = O.isSome(agent.websocket)

  const ofPing = (now: Health): Answer => ofJson(toPing(now), pingHeaders())

  const failure = (error: AgentError, requestId: string): Answer => ofError(error, requestId, settings.debug)

  const onInvocation: Routes['answer'] = (incoming, res, payload) => {
    const sessionId = sessionIdOf(incoming, runtime)
    if (E.isRight(sessionId) && !runtime.isStopping()) {
      const call = createCall(runtime, 'request', sessionId.right, incoming)
      res.on('close', () => interrupt(call, cancelled))
      return invoke(call, payload)
    }
    incoming.req.resume()
    return Promise.resolve(failure(E.isLeft(sessionId) ? sessionId.left : stopping, idOf(incoming)))
  }

  const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'

  return {
    failure,
    ping: ({ url, method }) => {
      if (url !== path.ping || !isRead(method)) return undefined
      const now = health.peek()
      return O.isSome(now) ? ofPing(now.value) : undefined
    },
    answer: (incoming, res, payload) => {
      const { req } = incoming
      const refuse = (error: AgentError): Promise<Answer> => {
        req.resume()
        return Promise.resolve(failure(error, idOf(incoming)))
      }
      switch (pathOf(req.url)) {
        case path.invocations:
          return req.method === 'POST' ? onInvocation(incoming, res, payload) : refuse(methodNotAllowed('POST'))
        case path.ping:
          return isRead(req.method) ? health.current().then(ofPing) : refuse(methodNotAllowed('GET, HEAD'))
        case path.websocket:
          if (!hasSocket) return refuse(notFound('This agent has no WebSocket handler'))
          return refuse(req.method === 'GET' ? upgradeRequired : methodNotAllowed('GET'))
        default:
          return refuse(notFound())
      }
    },
  }
}
