/** The WebSocket of a handler that reads and writes at will: a bounded queue in, awaited sends out. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { AgentError } from '../../core/AgentError'
import { messages, type Socket } from '../../core/Socket'
import { closeWith } from '../../node/websocket/CloseFrame'
import { awaitFrame, dequeue, queued } from '../../node/websocket/FrameQueue'
import { send as sendFrame } from '../../node/websocket/FrameSender'
import type { Frame } from '../../node/websocket/WebSocketConnection'
import { gather } from '../../node/websocket/WriteGathering'
import { type MessageRules, toFrame, toMessage } from './MessageFormat'
import { notSent, type OpenSocket } from './OpenSocket'

/** The handler's side of an open WebSocket. `onRead` is called when a queued frame was read. */
export const toHandlerSocket = <Has extends object>(socket: OpenSocket<Has>, onRead: IO<void>): Socket => {
  const { ws } = socket
  const read = (): Promise<Received> => receive(socket, onRead)
  return {
    send: (message) => () => send(socket, message),
    receive: read,
    messages: messages(read),
    close:
      (code = 1000, reason) =>
      () =>
        closeWith(ws, code, reason),
    protocol: ws.protocol === '' ? O.none : O.some(ws.protocol),
  }
}

type Received = E.Either<AgentError, O.Option<unknown>>

type Sent = E.Either<AgentError, void>

const noMore: Received = E.right(O.none)

const sent: Sent = E.right(undefined)

const receive = <Has extends object>(socket: OpenSocket<Has>, onRead: IO<void>): Promise<Received> => {
  const { ws, limits, closedWith } = socket
  const frame = dequeue(socket)
  if (frame !== undefined) {
    onRead()
    return Promise.resolve(toReceived(limits, frame))
  }
  if (closedWith !== undefined || ws.readyState >= ws.CLOSING) return Promise.resolve(noMore)
  return new Promise((resolve) => awaitFrame(socket, (next) => resolve(toReceived(limits, next))))
}

const toReceived = (limits: MessageRules, frame: Frame | undefined): Received => {
  if (frame === undefined) return noMore
  const message = toMessage(limits, frame)
  return E.isLeft(message) ? message : E.right(O.some(message.right))
}

const send = <Has extends object>(socket: OpenSocket<Has>, message: unknown): Promise<Sent> => {
  const frame = toFrame(socket.limits, message)
  if (E.isLeft(frame)) return Promise.resolve(frame)
  if (queued(socket) > 0) gather(socket) // they get their responses in this tick, too
  return new Promise((resolve) => {
    sendFrame(socket, frame.right, (isWritten) => resolve(isWritten ? sent : notSent(socket)))
  })
}
