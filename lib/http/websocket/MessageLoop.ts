/**
 * Answers the messages of a WebSocket one at a time. No handler reads from such a socket, so a synchronous answer needs
 * no promise, and an idle socket nothing but its record.
 */
import * as E from 'fp-ts/Either'
import { type AgentError, checked, fromUnknown } from '../../core/AgentError'
import type { Answer, Recovery } from '../../core/SocketHandler'
import { queued } from '../../node/websocket/FrameQueue'
import { write } from '../../node/websocket/FrameSender'
import { type Frame, isWritable } from '../../node/websocket/WebSocketConnection'
import { gather } from '../../node/websocket/WriteGathering'
import { toFrame, toMessage } from './MessageFormat'
import { notSent, type OpenSocket } from './OpenSocket'
import { answered, ended, type SocketEvent } from './SocketLife'

/** The answer to a message. */
type Outcome = E.Either<AgentError, unknown>

/** How messages are answered. */
export interface Answering<in out Has extends object> {
  readonly answer: (socket: OpenSocket<Has>, message: unknown) => Answer<unknown>
  /** Runs an asynchronous answer. */
  readonly run: (socket: OpenSocket<Has>, answer: () => Promise<Outcome>) => Promise<Outcome>
  /** Answers an invalid message, unless it ends the handler. */
  readonly recover: Recovery | undefined
  /** Called with the outcome of an answer that finished after `answerFrame` had returned. */
  readonly onEvent: (socket: OpenSocket<Has>, event: SocketEvent) => void
}

/** Answers a frame. Returns the outcome; undefined while the answer is pending, or waiting for backpressure. */
export const answerFrame =
  <Has extends object>(answering: Answering<Has>) =>
  (socket: OpenSocket<Has>, frame: Frame): SocketEvent | undefined => {
    try {
      const message = toMessage(socket.limits, frame)
      return settle(answering, socket, E.isLeft(message) ? message : answering.answer(socket, message.right))
    } catch (thrown) {
      return ended(E.left(fromUnknown(thrown)))
    }
  }

const settle = <Has extends object>(
  answering: Answering<Has>,
  socket: OpenSocket<Has>,
  outcome: Answer<unknown>,
): SocketEvent | undefined => {
  if (typeof outcome !== 'function') return sendOutcome(answering, socket, outcome)
  runLater(answering, socket, outcome)
  return undefined
}

const runLater = <Has extends object>(
  answering: Answering<Has>,
  socket: OpenSocket<Has>,
  answer: () => Promise<Outcome>,
): void => {
  const running = async (): Promise<Outcome> => answering.run(socket, answer)
  running()
    .then((outcome) => {
      const event = sendOutcome(answering, socket, outcome)
      if (event !== undefined) answering.onEvent(socket, event)
    })
    .catch((thrown: unknown) => answering.onEvent(socket, ended(E.left(fromUnknown(thrown)))))
}

/** Sends an answer. Returns the outcome, or passes it to `onEvent` if backpressure delays the send. */
const sendOutcome = <Has extends object>(
  answering: Answering<Has>,
  socket: OpenSocket<Has>,
  outcome: Outcome,
): SocketEvent | undefined => {
  const { ws, limits } = socket
  const message = checked(outcome)
  if (E.isLeft(message)) return endOrRecover(answering, socket, message)
  if (message.right === undefined) return answered(queued(socket))
  const frame = toFrame(limits, message.right)
  if (E.isLeft(frame)) return ended(frame)
  if (!isWritable(socket)) return ended(notSent(socket))
  gather(socket)
  if (ws.bufferedAmount + frame.right.length > limits.highWaterMark) {
    write(socket, frame.right, () => answering.onEvent(socket, answered(queued(socket))))
    return undefined
  }
  write(socket, frame.right)
  return answered(queued(socket))
}

/** Answers an invalid message where the agent does; an answer that is invalid itself ends the handler. */
const endOrRecover = <Has extends object>(
  answering: Answering<Has>,
  socket: OpenSocket<Has>,
  failure: E.Left<AgentError>,
): SocketEvent | undefined => {
  const { recover } = answering
  if (recover === undefined || failure.left._tag !== 'InvalidMessage') return ended(failure)
  return settle({ ...answering, recover: undefined }, socket, recover(failure.left.issues))
}
