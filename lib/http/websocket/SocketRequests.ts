/** `GET /ws`: what may become a socket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import {
  type AgentError,
  badRequest,
  cancelled,
  cause,
  checked,
  fromUnknown,
  notFound,
  problem,
  stopping,
} from '../../core/AgentError'
import type { Context } from '../../core/Context'
import { around } from '../../core/Layer'
import { header } from '../../core/Protocol'
import { empty as emptyReply, type Reply } from '../../core/Reply'
import { type Answer, validateReply, fromError, fromReply } from '../response/WireResponse'
import { type Call, createCall, finish, incomingOfCall, toLog, requestIdOfCall } from '../request/RequestScope'
import { toContext } from '../request/CallContext'
import { createAccept, type Fields, refuse } from './Handshake'
import { reportFlaws } from '../response/HeaderFlaws'
import { requestId, type Incoming, toRequestId, toSessionId } from '../request/Incoming'
import type { Closed } from '../invocation/Invocations'
import { keep } from '../request/RequestSnapshot'
import { interrupt, onInterrupt } from '../request/Live'
import { createOpenSockets } from './OpenSockets'
import type { Runtime } from '../request/Runtime'

/** A request that may become a socket: every provider and wrap has let it through. */
export interface Granted<in out Has extends object> {
  readonly call: Call
  readonly duplex: Duplex
  readonly context: Context<Has>
  readonly headers: Readonly<Record<string, string>>
}

/** An answer if a request may not become a socket. */
export type Asked<Has extends object> = E.Either<Answer, Granted<Has>>

/** The sockets of an app. */
export interface Sockets<in out Has extends object> {
  /** Asks the agent's providers and wraps whether a request may become a socket. */
  readonly ask: (incoming: Incoming, duplex: Duplex) => Asked<Has> | Promise<Asked<Has>>
  /** Completes the handshake, with further header fields, and hands the socket to the agent. */
  readonly open: (granted: Granted<Has>, head: Buffer, fields: Fields) => void
  /** The request becomes no socket after all. */
  readonly abandon: (granted: Granted<Has>) => void
  /** Answers a request for an upgrade with something else. */
  readonly refuse: (req: IncomingMessage, duplex: Duplex, answer: Answer) => void
  /** Takes note of a connection whose request for an upgrade has to wait: the server itself has forgotten it. */
  readonly watch: (duplex: Duplex) => void
  /** Cuts off dead peers until it is stopped. */
  readonly beat: IO<IO<void>>
  /** Every connection that asked for an upgrade and is open. */
  readonly connections: () => Iterable<Duplex>
  /** Cuts off every connection that asked for an upgrade, at once. */
  readonly terminate: IO<void>
}

const ignore = (): void => undefined

const none: Readonly<Record<string, never>> = Object.freeze({})

/** The sockets of an agent. */
export const createSockets = <Has extends object>(
  runtime: Runtime,
  { websocket, layers }: Closed<Has>,
): Sockets<Has> => {
  const { settings, ambient } = runtime
  const asking = new Map<Duplex, Call | undefined>()
  /** Whether there is no provider and no wrap: nothing to ask before a socket is opened. */
  const isBare = layers.length === 0
  const openSockets = O.isSome(websocket) ? createOpenSockets<Has>(runtime, websocket.value) : undefined

  /** The peer of a connection that asks for an upgrade has left. */
  const onGone = function (this: Duplex): void {
    const call = asking.get(this)
    asking.delete(this)
    if (call === undefined) return
    interrupt(call, cancelled)
    finish(call)
  }

  const watch = (duplex: Duplex, call?: Call): void => {
    if (!asking.has(duplex)) {
      duplex.on('close', onGone)
      duplex.on('error', ignore) // a peer that vanishes: `close` tells whoever has to know
    }
    asking.set(duplex, call)
  }

  const refuseOn: Sockets<Has>['refuse'] = (req, duplex, answer) => {
    if (duplex.destroyed) return
    watch(duplex)
    refuse(req, duplex, answer)
  }

  // A handshake that ws refuses after all is told in the one shape.
  const accept = createAccept(settings.websocket, (error, duplex, req) =>
    refuseOn(
      req,
      duplex,
      fromError(badRequest(error.message), toRequestId(req.headers, settings.newId), settings.debug),
    ),
  )

  const ask: Sockets<Has>['ask'] = (incoming, duplex) => {
    const failed = (error: AgentError): Asked<Has> => E.left(fromError(error, requestId(incoming), settings.debug))
    if (openSockets === undefined) return failed(notFound('This agent has no WebSocket handler'))
    if (runtime.isStopping()) return failed(stopping)
    const sessionId = toSessionId(incoming, runtime)
    if (E.isLeft(sessionId)) return failed(sessionId.left)
    if (duplex.destroyed) return failed(cancelled)
    const call = createCall(runtime, 'socket', sessionId.right, incoming)
    if (!isBare || asking.has(duplex)) watch(duplex, call)
    // Nobody is asked where nobody is there; then `Has` has no key.
    if (isBare) return E.right({ call, duplex, context: toContext(call) as Context<Has>, headers: none })
    return grant(call, duplex)
      .catch((thrown: unknown) => failed(fromUnknown(thrown))) // a reply that was not made by a constructor of `Reply`
      .then((granted) => {
        if (E.isLeft(granted)) finish(call)
        return granted
      })
  }

  const open: Sockets<Has>['open'] = ({ call, duplex, context, headers }, head, fields) => {
    const incoming = incomingOfCall(call)
    const added: Fields = [...fields, ...Object.entries(headers), [header.sessionId, call.sessionId]]
    const ws = accept(incoming.req, duplex, head, added)
    if (ws === undefined) return finish(call)
    // From here on the socket has listeners of its own, and what belongs to the request alone is let go of.
    if (asking.delete(duplex)) duplex.off('close', onGone).off('error', ignore)
    call.incoming = keep(incoming, duplex)
    openSockets?.add(ws, duplex, call, context)
  }

  const grant = async (call: Call, duplex: Duplex): Promise<Asked<Has>> => {
    let context: Context<Has> | undefined
    const bare = toContext(call)
    const run = async (): Promise<E.Either<AgentError, Reply>> =>
      around<{}, Has>(layers)<{}>((provided) => async () => {
        context = provided
        return E.right(emptyReply)
      })(bare)()
    const outcome = await new Promise<E.Either<AgentError, Reply>>((resolve) => {
      onInterrupt(call, (reason) => resolve(E.left(reason)))
      ambient.run(bare, run).then(resolve, (thrown: unknown) => resolve(E.left(fromUnknown(thrown))))
    })
    const result = checked<Reply>(outcome)
    if (E.isLeft(result)) {
      reportFlaws(toLog(call), result.left)
      const thrown = cause(result.left)
      if (thrown !== undefined) toLog(call).error('Upgrade failed', { error: thrown })()
      else toLog(call).warn('Upgrade refused', { code: problem(result.left).code })()
      return E.left(fromError(result.left, requestIdOfCall(call), settings.debug))
    }
    const reply = result.right
    const flaw = validateReply(reply)
    if (flaw === undefined && context !== undefined && reply.status < 400) {
      return E.right({ call, duplex, context, headers: reply.headers })
    }
    const answer = flaw === undefined ? fromReply(reply, call.sessionId) : E.left(flaw)
    return E.left(E.isLeft(answer) ? fromError(answer.left, requestIdOfCall(call), settings.debug) : answer.right)
  }

  return {
    ask,
    open,
    abandon: ({ call }) => finish(call),
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
