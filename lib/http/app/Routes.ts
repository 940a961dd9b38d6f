/** Which answer a request gets: the three paths of the contract, and a failure for everything else. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { toPath } from '../../node/http/RequestTarget'
import {
  type AgentError,
  cancelled,
  methodNotAllowed,
  notFound,
  stopping,
  upgradeRequired,
} from '../../core/AgentError'
import { type Health, toPing } from '../../core/Health'
import { path } from '../../core/Protocol'
import { type Answer, fromError, fromJson } from '../response/WireResponse'
import { createCall } from '../request/RequestScope'
import { requestId, type Incoming, toSessionId } from '../request/Incoming'
import { type Closed, invocations } from '../invocation/Invocations'
import { interrupt } from '../request/Live'
import type { Runtime } from '../request/Runtime'

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

  const fromPing = (now: Health): Answer => fromJson(toPing(now), pingHeaders())

  const failure = (error: AgentError, requestId: string): Answer => fromError(error, requestId, settings.debug)

  const onInvocation: Routes['answer'] = (incoming, res, payload) => {
    const sessionId = toSessionId(incoming, runtime)
    if (E.isRight(sessionId) && !runtime.isStopping()) {
      const call = createCall(runtime, 'request', sessionId.right, incoming)
      res.on('close', () => interrupt(call, cancelled))
      return invoke(call, payload)
    }
    incoming.req.resume()
    return Promise.resolve(failure(E.isLeft(sessionId) ? sessionId.left : stopping, requestId(incoming)))
  }

  const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'

  return {
    failure,
    ping: ({ url, method }) => {
      if (url !== path.ping || !isRead(method)) return undefined
      const now = health.peek()
      return O.isSome(now) ? fromPing(now.value) : undefined
    },
    answer: (incoming, res, payload) => {
      const { req } = incoming
      const refuse = (error: AgentError): Promise<Answer> => {
        req.resume()
        return Promise.resolve(failure(error, requestId(incoming)))
      }
      switch (toPath(req.url)) {
        case path.invocations:
          return req.method === 'POST' ? onInvocation(incoming, res, payload) : refuse(methodNotAllowed('POST'))
        case path.ping:
          return isRead(req.method) ? health.current().then(fromPing) : refuse(methodNotAllowed('GET, HEAD'))
        case path.websocket:
          if (!hasSocket) return refuse(notFound('This agent has no WebSocket handler'))
          return refuse(req.method === 'GET' ? upgradeRequired : methodNotAllowed('GET'))
        default:
          return refuse(notFound())
      }
    },
  }
}
