/**
 * An open WebSocket of `ws`, as server and client hold it: pending reads and sends, and whether the peer is alive. A
 * record with functions beside it, whose lists exist only while something is pending, since a server holds one for each
 * idle socket: on Node 20 it takes 80 bytes, instead of 536 for five closures over three empty arrays.
 */
import type { IO } from 'fp-ts/IO'
import type { WebSocket } from 'ws'

/** The content of a frame: text or bytes. */
export type Frame = string | Uint8Array

/** Limits on the memory of a connection. */
export interface ConnectionLimits {
  /** The largest message in bytes, in both directions. */
  readonly maxPayload: number
  /** The high-water mark, in bytes, at which a send waits. */
  readonly highWaterMark: number
  /** How many messages may be unread before backpressure stops the peer. */
  readonly maxQueue: number
}

/** An open WebSocket. `FrameQueue` reads from it, `FrameSender` writes to it, `Heartbeat` watches it. */
export interface WebSocketConnection<out Limits extends ConnectionLimits = ConnectionLimits> {
  readonly ws: WebSocket
  readonly limits: Limits
  /** Received frames that are unread. */
  queue: Array<Frame> | undefined
  /** Pending reads; undefined means that no more frames will come. */
  readers: Array<FrameReader> | undefined
  /** Pending sends, above the high-water mark. */
  senders: Array<IO<void>> | undefined
  /** Whether anything was received since the last ping. */
  isAlive: boolean
}

/** Takes the next frame; undefined if none will come. */
export type FrameReader = (frame: Frame | undefined) => void

/** A connection without pending frames. */
export const createConnection = <Limits extends ConnectionLimits>(
  ws: WebSocket,
  limits: Limits,
): WebSocketConnection<Limits> => ({
  ...{ ws, limits, queue: undefined, readers: undefined, senders: undefined, isAlive: true },
})

/** Whether messages can be sent: the connection is neither closing nor closed. */
export const isWritable = ({ ws }: WebSocketConnection): boolean => ws.readyState === ws.OPEN
