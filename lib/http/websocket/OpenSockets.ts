/** The open WebSockets of an app: listens to their events, and runs the commands of `SocketLife`. */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { WebSocket } from 'ws'
import type { SocketEntry } from '../../core/Agent'
import { type AgentError, cancelled, checked, fromUnknown } from '../../core/AgentError'
import { cause, closeCode, problem } from '../../core/Problem'
import { call as callIt } from '../../core/Call'
import type { Context } from '../../core/Context'
import type { OnMessage, SocketHandler } from '../../core/SocketHandler'
import { closeWith } from '../../node/websocket/CloseFrame'
import { deliver, dequeue, queued, releaseReaders } from '../../node/websocket/FrameQueue'
import { releaseSenders } from '../../node/websocket/FrameSender'
import { beat } from '../../node/websocket/Heartbeat'
import type { Frame } from '../../node/websocket/WebSocketConnection'
import { interrupt, onInterrupt, type Pending } from '../request/InFlight'
import { elapsed, finish, type RequestScope, summarize, toLog } from '../request/RequestScope'
import type { Runtime } from '../request/Runtime'
import { toHandlerSocket } from './HandlerSocket'
import { toRules } from './MessageFormat'
import { answerFrame } from './MessageLoop'
import { createOpenSocket, type OpenSocket } from './OpenSocket'
import { arrived, ended, reading, type Result, type SocketCommand, type SocketEvent, step, waiting } from './SocketLife'

/** The open WebSockets of an app. */
export interface OpenSockets<in Has extends object> {
  /** Hands an open connection to the agent. */
  readonly add: (ws: WebSocket, connection: Duplex, call: RequestScope, context: Context<Has>) => void
  /** Pings all peers and disconnects those that do not respond, until stopped. */
  readonly beat: IO<IO<void>>
  readonly connections: () => Iterable<Duplex>
  /** Terminates every connection at once. */
  readonly terminate: IO<void>
}

/** No WebSockets yet. */
export const createOpenSockets = <Has extends object>(runtime: Runtime, entry: SocketEntry<Has>): OpenSockets<Has> => {
  const { settings } = runtime
  const limits = toRules(entry.format, settings)
  const sockets = new Map<WebSocket, OpenSocket<Has>>()
  const { send, start } = createInterpreter(runtime, entry)
  const listen = createListeners(sockets, send)

  return {
    add: (ws, connection, call, context) => {
      const life = entry.talk._tag === 'Socket' ? reading : waiting
      const socket = createOpenSocket({ ws, connection, limits, call, context, life })
      sockets.set(ws, socket)
      runtime.open.enter()
      listen(ws)
      call.ws = ws
      onInterrupt(call, closeFor)
      if (entry.talk._tag === 'Socket') start(socket, entry.talk.run)
    },
    beat: () => beatAll(sockets, settings.websocket.pingInterval),
    connections: function* () {
      for (const { connection } of sockets.values()) yield connection
    },
    terminate: () => {
      for (const { connection } of sockets.values()) connection.destroy()
    },
  }
}

/** Closes the connection of an interrupted request. */
const closeFor = (reason: AgentError, { ws }: Pending): void => {
  if (reason._tag !== 'Cancelled' && ws !== undefined) closeWith(ws, closeCode(reason), problem(reason).code)
}

// ---------------------------------------------------------------------------------------------------------------------
// the interpreter
// ---------------------------------------------------------------------------------------------------------------------

interface Interpreter<in out Has extends object> {
  /** Handles an event. `frame` is the received frame, if any. */
  readonly send: (socket: OpenSocket<Has>, event: SocketEvent, frame?: Frame) => void
  /** Starts the handler of a WebSocket that it reads itself. */
  readonly start: (socket: OpenSocket<Has>, handler: SocketHandler<unknown, unknown, Has>) => void
}

const createInterpreter = <Has extends object>(
  runtime: Runtime,
  { talk, recover }: SocketEntry<Has>,
): Interpreter<Has> => {
  const { ambient } = runtime

  /** Runs commands and the events they cause in one loop, so that queued messages do not grow the stack. */
  const send: Interpreter<Has>['send'] = (socket, event, frame) => {
    let next: SocketEvent | undefined = event
    while (next !== undefined) {
      const [life, commands] = step(socket.life, next)
      socket.life = life
      next = undefined
      for (const command of commands) next = perform(socket, command, frame) ?? next
    }
  }

  const answersBy = (onMessage: OnMessage<unknown, unknown, Has>) =>
    answerFrame<Has>({
      answer: ({ context }, message) => ambient.run(context, () => onMessage(message, context)),
      run: ({ context }, run) => ambient.run(context, run),
      recover,
      onEvent: send,
    })
  const answer = talk._tag === 'Messages' ? answersBy(talk.run) : undefined

  const answerIf = (socket: OpenSocket<Has>, frame: Frame | undefined): SocketEvent | undefined =>
    frame === undefined ? undefined : answer?.(socket, frame)

  const perform = (
    socket: OpenSocket<Has>,
    command: SocketCommand,
    frame: Frame | undefined,
  ): SocketEvent | undefined => {
    switch (command._tag) {
      case 'Answer':
        return answerIf(socket, frame)
      case 'Queue':
        if (frame !== undefined) deliver(socket, frame)
        return undefined
      case 'AnswerNext':
        return answerIf(socket, dequeue(socket))
      case 'Leave':
        leave(runtime, socket)
        return undefined
      case 'End':
        end(socket, command.result)
        return undefined
      case 'Finish':
        finish(socket.call)
        return undefined
    }
  }

  const start: Interpreter<Has>['start'] = (socket, handler) => {
    const { context } = socket
    const side = toHandlerSocket(socket, () => send(socket, { _tag: 'Read', isLast: queued(socket) === 0 }))
    const run = async (): Promise<Result> => ambient.run(context, () => callIt(handler(side, context)))
    void run()
      .catch((thrown: unknown) => E.left(fromUnknown(thrown)))
      .then((result) => send(socket, ended(checked<undefined>(result))))
  }

  return { send, start }
}

const leave = <Has extends object>(runtime: Runtime, socket: OpenSocket<Has>): void => {
  runtime.open.leave()
  interrupt(socket.call, cancelled)
  releaseReaders(socket)
  releaseSenders(socket)
}

/** Closes the connection with the code of the handler's result. */
const end = <Has extends object>({ call, ws }: OpenSocket<Has>, result: Result): void => {
  const duration = elapsed(call)
  if (E.isRight(result)) {
    summarize(call, 'Socket completed')
    return closeWith(ws, 1000)
  }
  const error = result.left
  const { code } = problem(error)
  const thrown = cause(error)
  if (thrown !== undefined) toLog(call).error('Socket failed', { code, duration, error: thrown })()
  else if (error._tag === 'SocketClosed' || error._tag === 'Cancelled')
    summarize(call, 'The client closed the connection')
  else toLog(call).warn('Socket refused', { code, duration })()
  closeWith(ws, closeCode(error), code)
}

// ---------------------------------------------------------------------------------------------------------------------
// listeners
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Registers event listeners. They find their socket by `this`: one function for all sockets instead of one for each.
 */
const createListeners = <Has extends object>(
  sockets: Map<WebSocket, OpenSocket<Has>>,
  send: Interpreter<Has>['send'],
): ((ws: WebSocket) => void) => {
  const onMessage = function (this: WebSocket, data: Buffer, isBinary: boolean): void {
    const socket = sockets.get(this)
    if (socket === undefined) return
    socket.isAlive = true
    if (this.readyState !== this.OPEN) return // closing: drop what precedes the peer's close frame
    send(socket, arrived, isBinary ? new Uint8Array(data) : data.toString('utf8'))
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
    send(socket, { _tag: 'Closed', isBroken: code === 1006, hasMore: queued(socket) > 0 })
  }

  return (ws) => {
    ws.on('message', onMessage)
    ws.on('error', onError)
    ws.on('close', onClose)
  }
}

const beatAll = <Has extends object>(sockets: Map<WebSocket, OpenSocket<Has>>, interval: number): IO<void> => {
  if (interval <= 0) return () => undefined
  const onPong = function (this: WebSocket): void {
    const socket = sockets.get(this)
    if (socket !== undefined) socket.isAlive = true
  }
  const timer = setInterval(() => {
    for (const [ws, socket] of sockets) {
      if (ws.listenerCount('pong') === 0) ws.on('pong', onPong) // lazily: most sockets close earlier
      beat(socket)
    }
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}
