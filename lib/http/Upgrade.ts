/** `GET /ws`: what may become a socket. */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { WebSocketServer } from 'ws'
import {
  type AgentError,
  badRequest,
  cancelled,
  cause,
  fromUnknown,
  notFound,
  problem,
  stopping,
} from '../core/AgentError'
import type { Context } from '../core/Context'
import { header } from '../core/Protocol'
import { empty as emptyReply, type Reply } from '../core/Reply'
import { type Answer, flawOf, ofError, ofReply } from './Answer'
import { type Call, createCall, finish, logOf, requestIdOfCall } from './Call'
import { contextOf } from './CallContext'
import { agree, refuse } from './Handshake'
import { idOf, type Incoming, requestIdOf, sessionIdOf } from './Incoming'
import type { Closed } from './Invocations'
import { keep } from './KeptRequest'
import { interrupt, onInterrupt } from './Live'
import { createOpenSockets, type OpenSockets } from './OpenSockets'
import type { Runtime } from './Runtime'

/** A socket that every provider and wrap has let through, not yet opened. */
export interface Grant<Has extends object> {
  readonly call: Call
  readonly context: Context<Has>
  readonly headers: Readonly<Record<string, string>>
}

/** The sockets of an app. */
export interface Sockets {
  /**
   * Asks the agent's providers and wraps whether a request may become a socket: an answer if not, else what opens it.
   */
  readonly ask: (incoming: Incoming, duplex: Duplex) => Asked | Promise<Asked>
  /** Cuts off dead peers until it is stopped. */
  readonly beat: IO<IO<void>>
  /** Takes note of a connection that asks for an upgrade: the server itself forgets it. */
  readonly watch: (duplex: Duplex) => void
  /** Cuts off every connection that asked for an upgrade, at once. */
  readonly terminate: IO<void>
}

/** An answer if a request may not become a socket, else what opens it. */
export type Asked = E.Either<Answer, Opener>

/** A request that may become a socket. */
export interface Opener {
  /** Completes the handshake, with further headers, and hands the socket to the agent. */
  readonly open: (head: Buffer, headers: ReadonlyArray<readonly [string, string]>) => void
  /** The request becomes no socket after all. */
  readonly abandon: IO<void>
}

const fieldOf = ([name, value]: readonly [string, string]): string => `${name}: ${value}`

const ignore = (): void => undefined

/** The innermost step before an upgrade: whoever gets to it is let through. */
const letThrough = (): TE.TaskEither<AgentError, Reply> => TE.right(emptyReply)

/** The sockets of an agent. */
export const createSockets = <Has extends object>(runtime: Runtime, { websocket, around }: Closed<Has>): Sockets => {
  const { settings, ambient } = runtime
  const { maxPayload, protocols } = settings.websocket
  const asking = new Map<Duplex, Call | undefined>()
  /** Whether there is no provider and no wrap: nothing to ask before a socket is opened. */
  const isBare = around<{}>(letThrough) === letThrough
  const open = O.isSome(websocket) ? createOpenSockets<Has>(runtime, websocket.value) : undefined

  /** Header fields for the handshake under way: `ws` completes one before it begins the next. */
  let added: ReadonlyArray<string> = []

  const server = (): WebSocketServer => {
    const made = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload,
      handleProtocols: agree(protocols),
      perMessageDeflate: false,
    })
    made.on('headers', (lines) => lines.push(...added))
    // A handshake that ws refuses after all is told in the one shape.
    made.on('wsClientError', (error, duplex, req) =>
      refuse(req, duplex, ofError(badRequest(error.message), requestIdOf(req.headers, settings.newId), settings.debug)),
    )
    return made
  }
  const wss = server()

  /** The peer of a connection that asks for an upgrade has left. */
  const onGone = function (this: Duplex): void {
    const call = asking.get(this)
    asking.delete(this)
    if (call === undefined) return
    interrupt(call, cancelled)
    finish(call)
  }

  const ask: Sockets['ask'] = (incoming, duplex) => {
    const failed = (error: AgentError): E.Either<Answer, never> =>
      E.left(ofError(error, idOf(incoming), settings.debug))
    if (open === undefined) return failed(notFound('This agent has no WebSocket handler'))
    if (runtime.isStopping()) return failed(stopping)
    const sessionId = sessionIdOf(incoming.headers, runtime)
    if (E.isLeft(sessionId)) return failed(sessionId.left)
    if (duplex.destroyed) return failed(cancelled)
    const call = createCall(runtime, 'socket', sessionId.right, incoming)
    asking.set(duplex, call)
    // Nobody is asked where nobody is there; then `Has` has no key.
    if (isBare)
      return E.right(openerOf(open, incoming, duplex, { call, context: contextOf(call) as Context<Has>, headers: {} }))
    return grant(call).then((granted) => {
      if (E.isRight(granted)) return E.right(openerOf(open, incoming, duplex, granted.right))
      finish(call)
      return granted
    })
  }

  const openerOf = (
    open: OpenSockets<Has>,
    incoming: Incoming,
    duplex: Duplex,
    { call, context, headers: granting }: Grant<Has>,
  ): Opener => ({
    abandon: () => finish(call),
    open: (head, headers) => {
      added = [
        ...headers.map(fieldOf),
        ...Object.entries(granting).map(fieldOf),
        fieldOf([header.sessionId, call.sessionId]),
      ]
      wss.handleUpgrade(incoming.req, duplex, head, (ws) => {
        // From here on the socket has listeners of its own, and what belongs to the request alone is let go of.
        duplex.off('close', onGone).off('error', ignore)
        asking.delete(duplex)
        call.incoming = keep(incoming, duplex)
        open.add(ws, duplex, call, context)
      })
    },
  })

  const grant = async (call: Call): Promise<E.Either<Answer, Grant<Has>>> => {
    let context: Context<Has> | undefined
    const bare = contextOf(call)
    const run = async (): Promise<E.Either<AgentError, Reply>> =>
      around<{}>((provided) => async () => {
        context = provided
        return E.right(emptyReply)
      })(bare)()
    const result = await new Promise<E.Either<AgentError, Reply>>((resolve) => {
      onInterrupt(call, (reason) => resolve(E.left(reason)))
      ambient.run(bare, run).then(resolve, (thrown: unknown) => resolve(E.left(fromUnknown(thrown))))
    })
    if (E.isLeft(result)) {
      const thrown = cause(result.left)
      if (thrown !== undefined) logOf(call).error('Upgrade failed', { error: thrown })()
      else logOf(call).warn('Upgrade refused', { code: problem(result.left).code })()
      return E.left(ofError(result.left, requestIdOfCall(call), settings.debug))
    }
    const reply = result.right
    const flaw = flawOf(reply)
    if (flaw === undefined && context !== undefined && reply.status < 400) {
      return E.right({ call, context, headers: reply.headers })
    }
    const answer = flaw === undefined ? ofReply(reply, call.sessionId) : E.left(flaw)
    return E.left(E.isLeft(answer) ? ofError(answer.left, requestIdOfCall(call), settings.debug) : answer.right)
  }

  return {
    ask,
    beat: () => open?.beat() ?? ignore,
    watch: (duplex) => {
      asking.set(duplex, undefined)
      duplex.on('close', onGone)
      duplex.on('error', ignore) // a peer that vanishes: `close` tells whoever has to know
    },
    terminate: () => {
      for (const duplex of asking.keys()) duplex.destroy()
      open?.terminate()
    },
  }
}
