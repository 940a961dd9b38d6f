/** What the contestants without a runtime have to do themselves: health, events, the echo on the socket. */
import type { Server, ServerResponse } from 'node:http'
import { type RawData, WebSocketServer } from 'ws'

const since = Math.floor(Date.now() / 1000)

/** The body of `/ping`. */
export const health = (): object => ({ status: 'Healthy', time_of_last_update: since })

/** Writes events one by one and waits while the client is slow. */
export const writeEvents = async (res: ServerResponse, events: AsyncIterable<unknown>): Promise<void> => {
  let wake = (): void => undefined
  const isWritable = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  res.on('drain', () => wake())
  res.on('close', () => wake())
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  for await (const event of events) {
    if (res.destroyed) return
    if (!res.write(`data: ${JSON.stringify(event)}\n\n`)) await isWritable()
  }
  res.end()
}

/** Sends back each message on `/ws`, parsed and encoded again. */
export const echoOn = (server: Server): void => {
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (req, duplex, head) => {
    if (req.url !== '/ws') return void duplex.destroy()
    sockets.handleUpgrade(req, duplex, head, (socket) => {
      socket.on('message', (data: RawData) => socket.send(JSON.stringify(JSON.parse((data as Buffer).toString())))) // ws gives Buffers
    })
  })
}

/** Listens where the driver says. */
export const listen = (server: Server): void => void server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1')
