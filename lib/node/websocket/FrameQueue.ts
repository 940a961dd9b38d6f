/** Incoming frames: a bounded queue until they are read, with backpressure on the peer when it is full. */
import type { Frame, FrameReader, WebSocketConnection } from './WebSocketConnection'

/** Handles a received frame: the first pending read gets it. */
export const deliver = (connection: WebSocketConnection, frame: Frame): void => {
  const reader = connection.readers?.shift()
  if (reader === undefined) enqueue(connection, frame)
  else reader(frame)
}

/** Queues a frame, and pauses the peer when the queue is full. */
export const enqueue = (connection: WebSocketConnection, frame: Frame): void => {
  const { ws, limits } = connection
  const queue = (connection.queue ??= [])
  queue.push(frame)
  if (queue.length >= limits.maxQueue && !ws.isPaused) ws.pause()
}

/** Takes the oldest frame. The peer resumes when the queue is half empty, not at each frame. */
export const dequeue = ({ ws, limits, queue }: WebSocketConnection): Frame | undefined => {
  const frame = queue?.shift()
  if (queue !== undefined && ws.isPaused && queue.length <= limits.maxQueue / 2) ws.resume()
  return frame
}

/** The number of queued frames. */
export const queued = ({ queue }: WebSocketConnection): number => queue?.length ?? 0

/** Waits for the next frame, behind other pending reads. */
export const awaitFrame = (connection: WebSocketConnection, reader: FrameReader): void => {
  const readers = (connection.readers ??= [])
  readers.push(reader)
}

/** Settles all pending reads: no more frames will come. */
export const releaseReaders = (connection: WebSocketConnection): void => {
  const { readers } = connection
  connection.readers = undefined
  readers?.forEach((reader) => reader(undefined))
}
