/** Outgoing frames: a send is done when its frame is written, and waits above the high-water mark. */
import { type ConnectionLimits, type Frame, isWritable, type WebSocketConnection } from './WebSocketConnection'

/** Called with whether the frame was written: false if the connection is closing or closed. */
export type OnSent = (isWritten: boolean) => void

/** Sends a frame, behind pending sends, once the unsent bytes are below the high-water mark. */
export const send = (connection: WebSocketConnection, frame: Frame, onSent: OnSent): void => {
  const { ws, limits } = connection
  const isWaiting = connection.senders !== undefined && connection.senders.length > 0
  if (!isWaiting && ws.bufferedAmount <= limits.highWaterMark) return sendNow(connection, frame, onSent)
  const senders = (connection.senders ??= [])
  senders.push(() => sendNow(connection, frame, onSent))
}

const sendNow = (connection: WebSocketConnection, frame: Frame, onSent: OnSent): void => {
  if (!isWritable(connection)) return onSent(false)
  write(connection, frame, (error) => {
    onSent(!error)
    sendWaiting(connection)
  })
}

/** Writes a frame at once; `onWritten` is called when it was written or could not be. */
export const write = ({ ws }: WebSocketConnection, frame: Frame, onWritten?: (error?: Error) => void): void =>
  ws.send(frame, { binary: typeof frame !== 'string' }, onWritten)

const sendWaiting = ({ ws, limits, senders }: WebSocketConnection): void => {
  while (senders !== undefined && senders.length > 0 && ws.bufferedAmount <= limits.highWaterMark) senders.shift()?.()
}

/** Fails all pending sends: the connection is closed. */
export const releaseSenders = (connection: WebSocketConnection): void => {
  const { senders } = connection
  connection.senders = undefined
  senders?.forEach((sender) => sender())
}

/** Whether a frame is too large. A UTF-16 unit is at most three bytes of UTF-8, so most need not be measured. */
export const isTooLarge = ({ maxPayload }: ConnectionLimits, frame: Frame): boolean =>
  frame.length * 3 > maxPayload && Buffer.byteLength(frame) > maxPayload
