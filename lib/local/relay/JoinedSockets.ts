/**
 * Joins two open WebSockets: messages, pings, pongs and close frames pass both ways. With backpressure instead of a
 * queue: while one side is slow, the other is paused.
 */
import { type RawData, WebSocket } from 'ws'
import { isCloseCode } from '../../node/websocket/CloseFrame'

/** The high-water mark of unsent bytes at which the other side is paused, and the mark at which it resumes. */
const highWaterMark = 1_048_576
const lowWaterMark = highWaterMark / 4

/** How long to wait for the reply to a close frame, in milliseconds. */
const closeTimeout = 2000

/** One side of a join: its socket, and the close code for the other side if it disconnects without a close frame. */
export interface Side {
  readonly socket: WebSocket
  readonly codeIfBroken: number
  /** Called for each incoming frame; false drops it. */
  readonly onFrame: () => boolean
}

/** Joins two open WebSockets. */
export const joinSides = (a: Side, b: Side): void => {
  passFrames(a, b.socket)
  passFrames(b, a.socket)
  passClose(a, b.socket)
  passClose(b, a.socket)
}

const passFrames = ({ socket: from, onFrame }: Side, to: WebSocket): void => {
  const onSent = (): void => {
    if (from.isPaused && to.bufferedAmount <= lowWaterMark) from.resume()
  }
  const passes = (): boolean => onFrame() && to.readyState === WebSocket.OPEN
  from.on('message', (data: RawData, isBinary: boolean) => {
    if (!passes()) return
    to.send(data, { binary: isBinary }, onSent)
    if (to.bufferedAmount > highWaterMark) from.pause()
  })
  from.on('ping', (data: Buffer) => {
    if (passes()) to.ping(data)
  })
  from.on('pong', (data: Buffer) => {
    if (passes()) to.pong(data)
  })
}

/** Closes the other side with the same code; a side that broke the protocol, with the code for that. */
const passClose = ({ socket: from, codeIfBroken }: Side, to: WebSocket): void => {
  let fault: number | undefined
  from.on('error', (error) => {
    fault ??= toCloseCode(error)
    if (from.readyState === WebSocket.OPEN) from.close(fault)
  })
  from.on('close', (code: number, reason: Buffer) => {
    if (to.isPaused) to.resume()
    if (code === 1006) closeSide(to, fault ?? codeIfBroken)
    else closeSide(to, code, reason)
  })
}

const closeCodes: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
}

/** The close code for a protocol error. */
const toCloseCode = (error: Error): number => ('code' in error ? closeCodes[String(error.code)] : undefined) ?? 1002

/** Closes a socket: for 1005 without a code, for any other code that must not be sent, without a close frame. */
export const closeSide = (socket: WebSocket, code: number, reason: string | Buffer = ''): void => {
  if (socket.readyState === WebSocket.CLOSED) return
  if (code === 1005) socket.close()
  else if (isCloseCode(code)) socket.close(code, reason)
  else socket.terminate()
  const late = setTimeout(() => socket.terminate(), closeTimeout)
  socket.once('close', () => clearTimeout(late))
}
