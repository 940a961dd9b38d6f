/** `GET /ws`: what may become a socket, and the life of one. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { type WebSocket, WebSocketServer } from 'ws'
import type { SocketEntry } from '../core/Agent'
import {
  type AgentError,
  badRequest,
  cancelled,
  cause,
  closeCode,
  fromUnknown,
  notFound,
  problem,
  stopping,
} from '../core/AgentError'
import type { Context } from '../core/Context'
import { header } from '../core/Protocol'
import { empty as emptyReply, type Reply } from '../core/Reply'
import { type Answer, flawOf, ofError, ofReply } from './Answer'
import { type Call, contextOf, createCall, type Incoming, requestIdOf, sessionIdOf } from './Call'
import { agree, refuse } from './Handshake'
import type { Closed } from './Invocations'
import type { Runtime } from './Runtime'
import { closeWith, createLink, type Link } from './WebSocketLink'

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
  readonly ask: (incoming: Incoming, duplex: Duplex) => Promise<E.Either<Answer, Opener>>
  /** Cuts off dead peers until it is stopped. */
  readonly beat: IO<IO<void>>
  /** Takes note of a connection that asks for an upgrade: the server itself forgets it. */
  readonly watch: (duplex: Duplex) => void
  /** Cuts off every connection that asked for an upgrade, at once. */
  readonly terminate: IO<void>
}

/** A request that may become a socket. */
export interface Opener {
  /** Completes the handshake, with further headers, and hands the socket to the agent. */
  readonly open: (head: Buffer, headers: ReadonlyArray<readonly [string, string]>) => void
  /** The request becomes no socket after all. */
  readonly abandon: IO<void>
}

/** The sockets of an agent. */
export const createSockets = <Has extends object>(runtime: Runtime, { websocket, around }: Closed<Has>): Sockets => {
  const { settings, ambient, open: opened } = runtime
  const { maxPayload, protocols, pingInterval } = settings.websocket
  const asking = new Set<Duplex>()
  const links = new WeakMap<WebSocket, Link>()

  const server = (): WebSocketServer => {
    const made = new WebSocketServer({
      noServer: true,
      maxPayload,
      handleProtocols: agree(protocols),
      perMessageDeflate: false,
    })
    // A handshake that ws refuses after all is told in the one shape.
    made.on('wsClientError', (error, duplex, req) =>
      refuse(req, duplex, ofError(badRequest(error.message), requestIdOf(req.headers, settings.newId), settings.debug)),
    )
    return made
  }
  const wss = server()

  const ending = (call: Call, ws: WebSocket, result: E.Either<AgentError, void>): void => {
    const duration = settings.clock.now() - call.since
    if (E.isRight(result)) {
      call.log().info('Socket completed', { duration })()
      return closeWith(ws, 1000)
    }
    const error = result.left
    const { code } = problem(error)
    const thrown = cause(error)
    if (thrown !== undefined) call.log().error('Socket failed', { code, duration, error: thrown })()
    else if (error._tag === 'SocketClosed' || error._tag === 'Cancelled')
      call.log().info('The client left', { duration })()
    else call.log().warn('Socket refused', { code, duration })()
    closeWith(ws, closeCode(error), code)
  }

  const serve = (
    ws: WebSocket,
    connection: Duplex,
    { format, handler }: SocketEntry<Has>,
    { call, context }: Grant<Has>,
  ): void => {
    const close = opened.enter()
    const link = createLink(ws, connection, format, settings)
    links.set(ws, link)
    ws.on('error', (error) => call.log().warn('The peer broke the protocol', { reason: error.message })())
    ws.on('close', () => {
      close()
      if (isDone) call.finish()
    })
    let isDone = false
    link.onEnd(() => {
      call.interrupt(cancelled)
      call.finish()
    })
    call.onInterrupt((reason) => {
      if (reason._tag !== 'Cancelled') closeWith(ws, closeCode(reason), problem(reason).code)
    })
    const run = async (): Promise<E.Either<AgentError, void>> =>
      ambient.run(context, () => handler(link.socket, context)())
    void run()
      .catch((thrown: unknown) => E.left(fromUnknown(thrown)))
      .then((result) => {
        isDone = true
        ending(call, ws, result)
        if (ws.readyState === ws.CLOSED) call.finish()
      })
  }

  const ask: Sockets['ask'] = async (incoming, duplex) => {
    const { req, requestId } = incoming
    const failed = (error: AgentError): E.Either<Answer, never> => E.left(ofError(error, requestId, settings.debug))
    if (O.isNone(websocket)) return failed(notFound('This agent has no WebSocket handler'))
    if (runtime.isStopping()) return failed(stopping)
    const sessionId = sessionIdOf(incoming.headers, runtime)
    if (E.isLeft(sessionId)) return failed(sessionId.left)
    const call = createCall(runtime, 'socket', { requestId, sessionId: sessionId.right }, incoming, duplex)
    const granted = await grant(call)
    if (E.isLeft(granted)) {
      call.finish()
      return granted
    }
    const entry = websocket.value
    return E.right({
      abandon: call.finish,
      open: (head, headers) => {
        const all = [...headers, ...Object.entries(granted.right.headers), [header.sessionId, call.sessionId] as const]
        const withHeaders = (lines: Array<string>, to: IncomingMessage): void => {
          if (to === req) lines.push(...all.map(([name, value]) => `${name}: ${value}`))
        }
        const leave = (): void => call.finish()
        duplex.once('close', leave)
        wss.on('headers', withHeaders)
        wss.handleUpgrade(req, duplex, head, (ws) => {
          duplex.off('close', leave)
          serve(ws, duplex, entry, granted.right)
        })
        wss.off('headers', withHeaders)
      },
    })
  }

  const grant = async (call: Call): Promise<E.Either<Answer, Grant<Has>>> => {
    let context: Context<Has> | undefined
    const bare = contextOf(runtime, call)
    const run = async (): Promise<E.Either<AgentError, Reply>> =>
      around<{}>((provided) => async () => {
        context = provided
        return E.right(emptyReply)
      })(bare)()
    const result = await new Promise<E.Either<AgentError, Reply>>((resolve) => {
      call.onInterrupt((reason) => resolve(E.left(reason)))
      ambient.run(bare, run).then(resolve, (thrown: unknown) => resolve(E.left(fromUnknown(thrown))))
    })
    if (E.isLeft(result)) {
      const thrown = cause(result.left)
      if (thrown !== undefined) call.log().error('Upgrade failed', { error: thrown })()
      else call.log().warn('Upgrade refused', { code: problem(result.left).code })()
      return E.left(ofError(result.left, call.requestId, settings.debug))
    }
    const reply = result.right
    const flaw = flawOf(reply)
    if (flaw === undefined && context !== undefined && reply.status < 400) {
      return E.right({ call, context, headers: reply.headers })
    }
    const answer = flaw === undefined ? ofReply(reply, call.sessionId) : E.left(flaw)
    return E.left(E.isLeft(answer) ? ofError(answer.left, call.requestId, settings.debug) : answer.right)
  }

  return {
    ask,
    beat: () => {
      if (pingInterval <= 0) return () => undefined
      const timer = setInterval(() => {
        for (const ws of wss.clients) {
          if (ws.isPaused) continue // the peer waits for us, not we for the peer
          if (links.get(ws)?.isAlive() === false) ws.terminate()
          else ws.ping()
        }
      }, pingInterval)
      timer.unref()
      return () => clearInterval(timer)
    },
    watch: (duplex) => {
      asking.add(duplex)
      duplex.once('close', () => asking.delete(duplex))
    },
    terminate: () => {
      for (const duplex of asking) duplex.destroy()
    },
  }
}
