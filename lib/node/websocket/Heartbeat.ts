/** Pings peers, and cuts off those that have vanished without a word. Whoever listens to a peer sets `isAlive`. */
import type { IO } from 'fp-ts/IO'
import type { WebSocketConnection } from './WebSocketConnection'

/** Pings at every interval until the returned effect runs; never for an interval of 0. */
export const startHeartbeat = (connection: WebSocketConnection, interval: number): IO<void> => {
  if (interval <= 0) return () => undefined
  const timer = setInterval(() => beat(connection), interval)
  return () => clearInterval(timer)
}

/** Pings a peer, or terminates the connection if nothing has come since the last ping. */
export const beat = (connection: WebSocketConnection): void => {
  const { ws } = connection
  if (ws.isPaused) return // the peer waits for us, not we for the peer
  if (!connection.isAlive) return ws.terminate()
  connection.isAlive = false
  ws.ping()
}
