/** An open WebSocket as effects: frames wait in a bounded queue until they are read, a send until it is written. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { WebSocket } from 'ws'
import { closeWith } from '../../node/websocket/CloseFrame'
import { awaitFrame, deliver, dequeue, releaseReaders } from '../../node/websocket/FrameQueue'
import { isTooLarge, releaseSenders, send as sendFrame } from '../../node/websocket/FrameSender'
import { startHeartbeat } from '../../node/websocket/Heartbeat'
import {
  type ConnectionLimits,
  createConnection,
  type Frame,
  type WebSocketConnection,
} from '../../node/websocket/WebSocketConnection'
import type { ClientError } from '../error/ClientError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How a connection has ended; 1005 where no code was sent, 1006 where it broke. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** Limits of a socket, and what ends it early. */
export interface FrameSocketOptions extends ConnectionLimits {
  /** How often the peer is pinged, in milliseconds; 0 is never. */
  readonly pingInterval: number
  /** The most fragments of one message of the peer, 16,384 by default; 0 is without limit. */
  readonly maxFragments?: number
  readonly signal?: AbortSignal
}

/** A socket of frames. */
export interface FrameSocket {
  /** Resolves when it is written. Left `SocketClosed`, `Aborted`, and `InvalidParameter` for what is too large. */
  readonly send: (frame: Frame) => TaskEither<ClientError, void>
  /**
   * The next message; none when the peer has closed in good order (1000, or no code), or this side has. Left
   * `SocketClosed` for any other end, `Aborted`, `InvalidAnswer` for what breaks the protocol or is too large.
   */
  readonly receive: TaskEither<ClientError, O.Option<Frame>>
  readonly close: (code?: number, reason?: string) => IO<void>
  readonly closed: Task<Closed>
  readonly protocol: O.Option<string>
}

/** How a connection stands: open, closing at this side's wish, failed, or closed. */
interface Standing {
  readonly connection: WebSocketConnection
  closed: Closed | undefined
  /** Why the connection was given up, if not by a close. */
  failure: ClientError | undefined
  isClosing: boolean
}

type Received = E.Either<ClientError, O.Option<Frame>>
type Sent = E.Either<ClientError, void>

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** A socket over a connection that is open, or about to be: nothing that comes is lost. */
export const createFrameSocket = (ws: WebSocket, options: FrameSocketOptions): FrameSocket => {
  const connection = createConnection(ws, options)
  const standing: Standing = { connection, closed: undefined, failure: undefined, isClosing: false }
  abortOn(standing, options.signal)
  listen(standing)
  const whenClosed = new Promise<Closed>((resolve) => {
    ws.once('close', () => resolve(standing.closed ?? { code: 1006, reason: '' }))
  })
  const stop = startHeartbeat(connection, options.pingInterval)
  ws.once('close', stop)
  return {
    send: (frame) => () => send(standing, frame),
    receive: () => receive(standing),
    close: (code, reason) => () => close(standing, code, reason),
    closed: () => whenClosed,
    protocol: ws.protocol === '' ? O.none : O.some(ws.protocol),
  }
}

/** Terminates the connection when the signal aborts; at once if it has. */
const abortOn = (standing: Standing, signal: AbortSignal | undefined): void => {
  if (signal === undefined) return
  const { ws } = standing.connection
  const onAbort = (): void => {
    standing.failure ??= aborted
    ws.terminate()
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  ws.once('close', () => signal.removeEventListener('abort', onAbort))
}

const listen = (standing: Standing): void => {
  const { connection } = standing
  const { ws } = connection
  ws.on('message', (data: Buffer, isBinary) => {
    connection.isAlive = true
    if (standing.isClosing || standing.failure !== undefined) return // nobody will read it
    deliver(connection, isBinary ? new Uint8Array(data) : data.toString('utf8'))
  })
  ws.on('pong', () => {
    connection.isAlive = true
  })
  ws.on('error', ({ message }) => {
    standing.failure ??= { _tag: 'InvalidAnswer', reason: message }
  })
  ws.once('close', (code, reason) => {
    standing.closed = { code, reason: reason.toString('utf8') }
    releaseReaders(connection)
    releaseSenders(connection)
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// messages and the end
// ---------------------------------------------------------------------------------------------------------------------

const receive = (standing: Standing): Promise<Received> => {
  const { connection, closed, failure, isClosing } = standing
  if (failure === aborted) return Promise.resolve(noMore(standing))
  const frame = dequeue(connection)
  if (frame !== undefined) return Promise.resolve(E.right(O.some(frame)))
  if (closed !== undefined || isClosing) return Promise.resolve(noMore(standing))
  return new Promise((resolve) => {
    awaitFrame(connection, (next) => resolve(next === undefined ? noMore(standing) : E.right(O.some(next))))
  })
}

const send = (standing: Standing, frame: Frame): Promise<Sent> => {
  const { connection } = standing
  const { maxPayload } = connection.limits
  if (isTooLarge(connection.limits, frame)) {
    const reason = `it has more than ${maxPayload} bytes, which maxPayload allows`
    return Promise.resolve(E.left({ _tag: 'InvalidParameter', name: 'The message', reason }))
  }
  return new Promise((resolve) => {
    sendFrame(connection, frame, (isWritten) => resolve(isWritten ? sent : notSent(standing)))
  })
}

const close = (standing: Standing, code = 1000, reason = ''): void => {
  const { connection } = standing
  standing.isClosing = true
  connection.queue = undefined
  releaseReaders(connection)
  closeWith(connection.ws, code, reason)
}

const aborted: ClientError = { _tag: 'Aborted' }

const sent: Sent = E.right(undefined)

const notSent = ({ failure, closed }: Standing): Sent =>
  E.left(failure ?? toSocketClosed(closed ?? { code: 1005, reason: '' }))

const inOrder: Received = E.right(O.none)

const noMore = ({ failure, closed, isClosing }: Standing): Received => {
  if (failure !== undefined) return E.left(failure)
  return isClosing || closed === undefined || isInOrder(closed) ? inOrder : E.left(toSocketClosed(closed))
}

const isInOrder = ({ code }: Closed): boolean => code === 1000 || code === 1005

const toSocketClosed = ({ code, reason }: Closed): ClientError => ({ _tag: 'SocketClosed', closeCode: code, reason })
