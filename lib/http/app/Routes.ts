/** Routes requests: to the three paths of the contract, or to an error. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Closed } from '../../core/Agent'
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
import { type Answer, fromJson } from '../response/WireResponse'
import { begin } from '../request/RequestScope'
import { requestId, type Incoming, toSessionId } from '../request/Incoming'
import { invocations } from '../invocation/Invocations'
import { interrupt } from '../request/InFlight'
import { toRoute } from '../request/RequestRoute'
import type { Runtime } from '../request/Runtime'

/** Responds to requests. */
export interface Routes {
  /** The response to `/ping` if it is available synchronously; undefined for any other request. */
  readonly ping: (req: IncomingMessage) => Answer | undefined
  /** The response to any request. `payload` is set if a middleware has read the body. */
  readonly answer: (incoming: Incoming, res: EventEmitter, payload?: E.Either<AgentError, unknown>) => Promise<Answer>
}

/** The routes of an agent. */
export const createRoutes = (runtime: Runtime, agent: Closed): Routes => {
  const { health, pingHeaders } = runtime
  const invoke = invocations(runtime, agent)
  const hasSocket = O.isSome(agent.websocket)

  const fromPing = (now: Health): Answer => fromJson(toPing(now), pingHeaders())

  const refuse = (incoming: Incoming, error: AgentError): Promise<Answer> => {
    incoming.req.resume()
    return Promise.resolve(runtime.failure(requestId(incoming))(error))
  }

  const onInvocation: Routes['answer'] = (incoming, res, payload) => {
    const sessionId = toSessionId(incoming, runtime)
    if (E.isLeft(sessionId)) return refuse(incoming, sessionId.left)
    if (runtime.isStopping()) return refuse(incoming, stopping)
    const scope = begin(runtime, 'request', sessionId.right, incoming)
    res.on('close', () => interrupt(scope, cancelled))
    return invoke(scope, payload)
  }

  /** A request for the WebSocket path that is not an upgrade. */
  const toSocketRefusal = (method: string | undefined): AgentError => {
    if (!hasSocket) return notFound('This agent has no WebSocket handler')
    return method === 'GET' ? upgradeRequired : methodNotAllowed('GET')
  }

  return {
    // Half of an idle agent's requests: so the raw target is compared, without parsing its path.
    ping: ({ url, method }) => {
      if (url !== path.ping || !isRead(method)) return undefined
      const now = health.peek()
      return O.isSome(now) ? fromPing(now.value) : undefined
    },
    answer: (incoming, res, payload) => {
      const { method, url } = incoming.req
      switch (toRoute(url)) {
        case 'invocations':
          return method === 'POST' ? onInvocation(incoming, res, payload) : refuse(incoming, methodNotAllowed('POST'))
        case 'ping':
          return isRead(method) ? health.current().then(fromPing) : refuse(incoming, methodNotAllowed('GET, HEAD'))
        case 'socket':
          return refuse(incoming, toSocketRefusal(method))
        case 'unknown':
          return refuse(incoming, url === '/' ? notFound(rootMessage(hasSocket)) : notFound())
      }
    },
  }
}

/** What someone reads who opens the agent in a browser. */
const rootMessage = (hasSocket: boolean): string =>
  `Nothing is served here. This is an agent: use POST /invocations, GET /ping${hasSocket ? ' or a WebSocket on /ws' : ''}`

const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD'
