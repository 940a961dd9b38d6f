/** Frames on their way in: they wait in a bounded queue until they are read, and the peer waits while it is full. */
import type { Frame, FrameReader, WebSocketConnection } from './WebSocketConnection'

/** A frame has come: the first who waits for one gets it. */
export const deliver = (connection: WebSocketConnection, frame: Frame): void => {
  const reader = connection.readers?.shift()
  if (reader === undefined) enqueue(connection, frame)
  else reader(frame)
}

/** Queues a frame, and pauses the peer once the queue is full. */
export const enqueue = (connection: WebSocketConnection, frame: Frame): void => {
  const { ws, limits } = connection
  const queue = (connection.queue ??= [])
  queue.push(frame)
  if (queue.length >= limits.maxQueue && !ws.isPaused) ws.pause()
}

/** Takes the frame that has waited longest. The peer goes on once the queue is half empty, not at each frame. */
export const dequeue = ({ ws, limits, queue }: WebSocketConnection): Frame | undefined => {
  const frame = queue?.shift()
  if (queue !== undefined && ws.isPaused && queue.length <= limits.maxQueue / 2) ws.resume()
  return frame
}

/** How many frames wait. */
export const queued = ({ queue }: WebSocketConnection): number => queue?.length ?? 0

/** Waits for the next frame, behind those who wait already. */
export const awaitFrame = (connection: WebSocketConnection, reader: FrameReader): void => {
  const readers = (connection.readers ??= [])
  readers.push(reader)
}

/** Tells all who wait for a frame that none will come. */
export const releaseReaders = (connection: WebSocketConnection): void => {
  const { readers } = connection
  connection.readers = undefined
  readers?.forEach((reader) => reader(undefined))
}
