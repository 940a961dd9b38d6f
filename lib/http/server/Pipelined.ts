/**
 * Limits pipelined requests: each pending one holds memory, so only a few are started at once, and the rest are not
 * even read from the connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Serves a request. */
export type Serve = (req: IncomingMessage, res: ServerResponse) => void

/** How many requests of one connection may be in flight behind the one whose response is due. */
export const maxPipelined = 64

interface Line {
  inProgress: number
  readonly waiting: Array<readonly [IncomingMessage, ServerResponse]>
}

/** Serves requests, a limited number per connection. A request that is not pipelined costs one comparison. */
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
