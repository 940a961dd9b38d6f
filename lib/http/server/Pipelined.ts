/**
 * Requests that a client sends on one connection without waiting for answers. Each that waits holds memory, so only so
 * many are begun at once; the rest are not even read from the connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Serves a request. */
export type Serve = (req: IncomingMessage, res: ServerResponse) => void

/** How many requests of one connection may be in progress behind the one that is being answered. */
export const maxPipelined = 64

interface Line {
  inProgress: number
  readonly waiting: Array<readonly [IncomingMessage, ServerResponse]>
}

/** Serves requests, of each connection only so many at once. A request that nothing is ahead of costs one comparison. */
export const pipelined = (serve: Serve): Serve => {
  const lines = new WeakMap<Socket, Line>()

  const begin = (line: Line, connection: Socket, req: IncomingMessage, res: ServerResponse): void => {
    line.inProgress += 1
    res.once('finish', () => {
      line.inProgress -= 1
      const next = line.waiting.shift()
      if (next !== undefined) begin(line, connection, ...next)
      else if (connection.isPaused()) connection.resume()
    })
    serve(req, res)
  }

  return (req, res) => {
    if (res.socket !== null) return serve(req, res)
    const connection = req.socket
    const line = lines.get(connection) ?? { inProgress: 0, waiting: [] }
    lines.set(connection, line)
    if (line.inProgress < maxPipelined && line.waiting.length === 0) return begin(line, connection, req, res)
    line.waiting.push([req, res])
    connection.pause()
  }
}
