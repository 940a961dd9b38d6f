/** The open sockets of an app: what listens to them, who is still there, and how each ends. */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { WebSocket } from 'ws'
import type { SocketEntry } from '../../core/Agent'
import { type AgentError, cancelled, cause, checked, closeCode, fromUnknown, problem } from '../../core/AgentError'
import { call as callIt } from '../../core/Call'
import type { Context } from '../../core/Context'
import type { OnMessage, SocketHandler } from '../../core/SocketHandler'
import { type RequestScope, elapsed, finish, toLog } from '../request/RequestScope'
import { interrupt, type Pending, onInterrupt } from '../request/InFlight'
import type { Runtime } from '../request/Runtime'
import { type Answering, answering } from './MessageLoop'
import { type Reader, createReader } from './HandlerSocket'
import { closeWith, type Data, type Link, toRules, waiting } from './WebSocketLink'

/** The open sockets of an app. */
export interface OpenSockets<in Has extends object> {
  /** Hands an open connection to the agent. */
  readonly add: (ws: WebSocket, connection: Duplex, call: RequestScope, context: Context<Has>) => void
  /** Cuts off dead peers until it is stopped. */
  readonly beat: IO<IO<void>>
  readonly connections: () => Iterable<Duplex>
  /** Cuts off every connection at once. */
  readonly terminate: IO<void>
}

/** An open socket. */
interface OpenSocket<in out Has extends object> extends Link {
  readonly call: RequestScope
  readonly context: Context<Has>
  /** What its handler reads from; none where each message is answered. */
  reader: Reader | undefined
  isBusy: boolean
  isDone: boolean
  /** Whether the peer has shown life since it was last asked for. */
  isAlive: boolean
}

/** Ends the connection as the handler's result says. */
const end = ({ call, ws }: Pick<OpenSocket<never>, 'call' | 'ws'>, result: E.Either<AgentError, void>): void => {
  const duration = elapsed(call)
  if (E.isRight(result)) {
    toLog(call).info('Socket completed', { duration })()
    return closeWith(ws, 1000)
  }
  const error = result.left
  const { code } = problem(error)
  const thrown = cause(error)
  if (thrown !== undefined) toLog(call).error('Socket failed', { code, duration, error: thrown })()
  else if (error._tag === 'SocketClosed' || error._tag === 'Cancelled')
    toLog(call).info('The client left', { duration })()
  else toLog(call).warn('Socket refused', { code, duration })()
  closeWith(ws, closeCode(error), code)
}

/** The call is over when the connection is closed, and all that came before was read or nobody will read it. */
const finishIfOver = (socket: Link & { readonly call: RequestScope; readonly isDone: boolean }): void => {
  if (socket.closedWith === undefined) return
  if (socket.closedWith === 1006 || socket.isDone || waiting(socket) === 0) finish(socket.call)
}

/** Closes the connection of a call that is ended before its time. */
const closeFor = (reason: AgentError, { ws }: Pending): void => {
  if (reason._tag !== 'Cancelled' && ws !== undefined) closeWith(ws, closeCode(reason), problem(reason).code)
}

/** No socket is open yet. */
export const createOpenSockets = <Has extends object>(
  runtime: Runtime,
  { format, talk }: SocketEntry<Has>,
): OpenSockets<Has> => {
  const { settings, ambient } = runtime
  const { pingInterval } = settings.websocket
  const rules = toRules(format, settings)
  const sockets = new Map<WebSocket, OpenSocket<Has>>()

  const onEnd = (socket: OpenSocket<Has>, result: E.Either<AgentError, void>): void => {
    socket.isDone = true
    end(socket, result)
    finishIfOver(socket)
  }

  const answersOf = (answerTo: OnMessage<unknown, unknown, Has>): Answering<OpenSocket<Has>> =>
    answering({
      answer: ({ context }, message) => ambient.run(context, () => answerTo(message, context)),
      run: ({ context }, answer) => ambient.run(context, answer),
      onRead: finishIfOver,
      onEnd,
    })
  const answers = talk._tag === 'Messages' ? answersOf(talk.run) : undefined

  const start = (socket: OpenSocket<Has>, handler: SocketHandler<unknown, unknown, Has>): void => {
    const reader = createReader(socket, () => finishIfOver(socket))
    const { context } = socket
    const run = async (): Promise<E.Either<AgentError, void>> =>
      ambient.run(context, () => callIt(handler(reader.socket, context)))
    socket.reader = reader
    void run()
      .catch((thrown: unknown) => E.left(fromUnknown(thrown)))
      .then((result) => onEnd(socket, checked<undefined>(result)))
  }

  // The listeners find their socket by `this`: one function for all sockets, not one for each.

  const onMessage = function (this: WebSocket, data: Buffer, isBinary: boolean): void {
    const socket = sockets.get(this)
    if (socket === undefined) return
    socket.isAlive = true
    if (this.readyState !== this.OPEN) return // it is being closed: nobody will read this, and the peer's answer comes behind
    const frame: Data = isBinary ? new Uint8Array(data) : data.toString('utf8')
    if (socket.reader === undefined) answers?.deliver(socket, frame)
    else socket.reader.deliver(frame)
  }

  const onPong = function (this: WebSocket): void {
    const socket = sockets.get(this)
    if (socket !== undefined) socket.isAlive = true
  }

  const onError = function (this: WebSocket, error: Error): void {
    const socket = sockets.get(this)
    if (socket !== undefined) toLog(socket.call).warn('The peer broke the protocol', { reason: error.message })()
  }

  const onClose = function (this: WebSocket, code: number): void {
    const socket = sockets.get(this)
    if (socket === undefined) return
    sockets.delete(this)
    socket.closedWith = code
    runtime.open.leave()
    interrupt(socket.call, cancelled)
    if (socket.reader === undefined) answers?.close(socket)
    else socket.reader.close()
    finishIfOver(socket)
  }

  const ask = (ws: WebSocket, socket: OpenSocket<Has>): void => {
    if (ws.isPaused) return // the peer waits for us, not we for the peer
    if (!socket.isAlive) return ws.terminate()
    socket.isAlive = false
    if (ws.listenerCount('pong') === 0) ws.on('pong', onPong)
    ws.ping()
  }

  return {
    add: (ws, connection, call, context) => {
      const socket: OpenSocket<Has> = {
        ws,
        connection,
        rules,
        queue: undefined,
        closedWith: undefined,
        isGathering: false,
        call,
        context,
        reader: undefined,
        isBusy: false,
        isDone: false,
        isAlive: true,
      }
      sockets.set(ws, socket)
      runtime.open.enter()
      ws.on('message', onMessage)
      ws.on('error', onError)
      ws.on('close', onClose)
      call.ws = ws
      onInterrupt(call, closeFor)
      if (talk._tag === 'Socket') start(socket, talk.run)
    },
    beat: () => {
      if (pingInterval <= 0) return () => undefined
      const timer = setInterval(() => {
        for (const [ws, socket] of sockets) ask(ws, socket)
      }, pingInterval)
      timer.unref()
      return () => clearInterval(timer)
    },
    connections: function* () {
      for (const { connection } of sockets.values()) yield connection
    },
    terminate: () => {
      for (const { connection } of sockets.values()) connection.destroy()
    },
  }
}
