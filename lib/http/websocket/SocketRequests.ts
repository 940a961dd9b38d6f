/** `GET /ws`: admits requests that become WebSockets. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Closed } from '../../core/Agent'
import { type AgentError, badRequest, cancelled, fromUnknown, notFound, stopping } from '../../core/AgentError'
import { cause, problem } from '../../core/Problem'
import type { Context } from '../../core/Context'
import { header } from '../../core/Protocol'
import { empty as emptyReply } from '../../core/Reply'
import { type Answer, validateReply, fromReply } from '../response/WireResponse'
import { type RequestScope, begin, failure, finish, readIncoming, toLog } from '../request/RequestScope'
import { toContext } from '../request/RequestContext'
import { createAccept, type Fields, refuse } from './Handshake'
import { reportFlaws } from '../response/HeaderFlaws'
import { requestId, type Incoming, toRequestId, toSessionId } from '../request/Incoming'
import { runLayers } from '../invocation/runLayers'
import { createSnapshots } from '../request/RequestSnapshot'
import { interrupt } from '../request/InFlight'
import { createOpenSockets } from './OpenSockets'
import type { Runtime } from '../request/Runtime'

/** An admitted upgrade: every provider and wrap has passed it on. */
export interface Granted {
  readonly scope: RequestScope
  readonly duplex: Duplex
  readonly context: Context
  readonly headers: Readonly<Record<string, string>>
}

/** The response if an upgrade is rejected. */
export type Asked = E.Either<Answer, Granted>

/** The WebSockets of an app. */
export interface Sockets {
  /** Runs the agent's providers and wraps to admit or reject an upgrade. */
  readonly ask: (incoming: Incoming, duplex: Duplex) => Asked | Promise<Asked>
  /** Completes the handshake with additional headers, and hands the WebSocket to the agent. */
  readonly open: (granted: Granted, head: Buffer, fields: Fields) => void
  /** Abandons an admitted upgrade. */
  readonly abandon: (granted: Granted) => void
  /** Rejects an upgrade with a response. */
  readonly refuse: (req: IncomingMessage, duplex: Duplex, answer: Answer) => void
  /** Tracks a connection with a pending upgrade, which the server itself no longer does. */
  readonly watch: (duplex: Duplex) => void
  /** Disconnects dead peers, until stopped. */
  readonly beat: IO<IO<void>>
  /** All open connections that asked for an upgrade. */
  readonly connections: () => Iterable<Duplex>
  /** Terminates all connections that asked for an upgrade. */
  readonly terminate: IO<void>
}

const ignore = (): void => undefined

const none: Readonly<Record<string, never>> = Object.freeze({})

/** The WebSockets of an agent. */
export const createSockets = (runtime: Runtime, { websocket, layers }: Closed): Sockets => {
  const { settings } = runtime
  const asking = new Map<Duplex, RequestScope | undefined>()
  const takeSnapshot = createSnapshots()
  /** Whether there is no provider and no wrap, so that every upgrade is admitted. */
  const isBare = layers.length === 0
  const openSockets = O.isSome(websocket) ? createOpenSockets(runtime, websocket.value) : undefined

  /** Called when the client of a pending upgrade disconnects. */
  const onGone = function (this: Duplex): void {
    const scope = asking.get(this)
    asking.delete(this)
    if (scope === undefined) return
    interrupt(scope, cancelled)
    finish(scope)
  }

  const watch = (duplex: Duplex, scope?: RequestScope): void => {
    if (!asking.has(duplex)) {
      duplex.on('close', onGone)
      duplex.on('error', ignore) // `close` follows, and is handled
    }
    asking.set(duplex, scope)
  }

  const refuseOn: Sockets['refuse'] = (req, duplex, answer) => {
    if (duplex.destroyed) return
    watch(duplex)
    refuse(req, duplex, answer)
  }

  // A handshake that ws rejects after all gets the uniform error format.
  const accept = createAccept(settings.websocket, (error, duplex, req) =>
    refuseOn(req, duplex, runtime.failure(toRequestId(req.headers, settings.newId))(badRequest(error.message))),
  )

  const ask: Sockets['ask'] = (incoming, duplex) => {
    const failed = (error: AgentError): Asked => E.left(runtime.failure(requestId(incoming))(error))
    if (openSockets === undefined) return failed(notFound('This agent has no WebSocket handler'))
    if (runtime.isStopping()) return failed(stopping)
    const sessionId = toSessionId(incoming, runtime)
    if (E.isLeft(sessionId)) return failed(sessionId.left)
    if (duplex.destroyed) return failed(cancelled)
    const scope = begin(runtime, 'socket', sessionId.right, incoming)
    if (!isBare || asking.has(duplex)) watch(duplex, scope)
    if (isBare) return E.right({ scope, duplex, context: toContext(scope), headers: none })
    return grant(scope, duplex, layers)
      .catch((thrown: unknown) => failed(fromUnknown(thrown))) // a malformed reply
      .then((granted) => {
        if (E.isLeft(granted)) finish(scope)
        return granted
      })
  }

  const open: Sockets['open'] = ({ scope, duplex, context, headers }, head, fields) => {
    const incoming = readIncoming(scope)
    const added: Fields = [...fields, ...Object.entries(headers), [header.sessionId, scope.sessionId]]
    const ws = accept(incoming.req, duplex, head, added)
    if (ws === undefined) return finish(scope)
    // From here on the socket has its own listeners, and the request's resources are released.
    if (asking.delete(duplex)) duplex.off('close', onGone).off('error', ignore)
    scope.incoming = takeSnapshot(incoming, duplex)
    openSockets?.add(ws, duplex, scope, context)
  }

  return {
    ask,
    open,
    abandon: ({ scope }) => finish(scope),
    refuse: refuseOn,
    watch,
    beat: () => openSockets?.beat() ?? ignore,
    connections: function* () {
      yield* asking.keys()
      if (openSockets !== undefined) yield* openSockets.connections()
    },
    terminate: () => {
      for (const duplex of asking.keys()) duplex.destroy()
      openSockets?.terminate()
    },
  }
}

/**
 * Runs providers and wraps. The request is admitted if the innermost step was reached and no wrap rejected it
 * afterwards.
 */
const grant = async (scope: RequestScope, duplex: Duplex, layers: Closed['layers']): Promise<Asked> => {
  let context: Context | undefined
  const outcome = await runLayers(scope, layers, (provided) => async () => {
    context = provided
    return E.right(emptyReply)
  })
  if (E.isLeft(outcome)) return E.left(refusal(scope, outcome.left))
  const reply = outcome.right
  const flaw = validateReply(reply)
  if (flaw === undefined && context !== undefined && reply.status < 400) {
    return E.right({ scope, duplex, context, headers: reply.headers })
  }
  const answer = flaw === undefined ? fromReply(reply, scope.sessionId) : E.left(flaw)
  return E.left(E.isLeft(answer) ? failure(scope)(answer.left) : answer.right)
}

const refusal = (scope: RequestScope, error: AgentError): Answer => {
  reportFlaws(toLog(scope), error)
  const thrown = cause(error)
  if (thrown !== undefined) toLog(scope).error('Upgrade failed', { error: thrown })()
  else toLog(scope).warn('Upgrade refused', { code: problem(error).code })()
  return failure(scope)(error)
}
