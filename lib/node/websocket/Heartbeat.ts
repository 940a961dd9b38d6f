/** Pings peers, and disconnects those that have vanished. The connection's listeners set `isAlive`. */
import type { IO } from 'fp-ts/IO'
import type { WebSocketConnection } from './WebSocketConnection'

/** Pings at every interval until the returned effect runs; never for an interval of 0. */
export const startHeartbeat = (connection: WebSocketConnection, interval: number): IO<void> => {
  if (interval <= 0) return () => undefined
  const timer = setInterval(() => beat(connection), interval)
  return () => clearInterval(timer)
}

/** Pings a peer, or terminates the connection if nothing was received since the last ping. */
export const beat = (connection: WebSocketConnection): void => {
  const { ws } = connection
  if (ws.isPaused) return // backpressure: its pong may be unread
  if (!connection.isAlive) return ws.terminate()
  connection.isAlive = false
  ws.ping()
}
