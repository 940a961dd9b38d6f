/** What the specs of the client stand on: peers that say exactly what a spec tells them to, and how lefts are read. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Bounds, Request } from '../../lib/client/transport/Transport'

/** A peer that speaks no protocol of its own. */
export interface Peer {
  readonly url: string
  readonly port: number
  readonly sockets: ReadonlyArray<Socket>
}

/** Listens on a port while `use` runs, and leaves no connection behind. */
export const peer = async <A>(onSocket: (socket: Socket) => void, use: (peer: Peer) => Promise<A>): Promise<A> => {
  const sockets: Array<Socket> = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined) // a reset is a way to close
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await use({ url: `http://127.0.0.1:${port}`, port, sockets })
  } finally {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  }
}

/** Calls back with each request that has come over a socket, its head and body as text. */
export const onRequest = (socket: Socket, answer: (text: string) => void): void => {
  let text = ''
  socket.on('data', (part) => {
    text += part.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (end < 0 || text.length < end + 4 + length) return
    const whole = text
    text = ''
    answer(whole)
  })
}

/** A peer that answers each request with the same text. */
export const saying = <A>(text: string, use: (peer: Peer) => Promise<A>): Promise<A> =>
  peer((socket) => onRequest(socket, () => void socket.write(text)), use)

/** An answer of HTTP as text. */
export const http = (body: string, head: ReadonlyArray<string> = [], status = '200 OK'): string =>
  [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...head, '', body].join('\r\n')

/** A request for a URL. */
export const asking = (url: string, more: Partial<Request> = {}): Request => ({
  method: 'POST',
  url,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"prompt":"hi"}'),
  ...more,
})

export const bounds: Bounds = { connectTimeout: 2000, idleTimeout: 2000 }

/** All bytes of a body as text. */
export const textOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Array<Uint8Array> = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

/** What pulling everything throws. */
export const thrownBy = async (source: AsyncIterable<unknown>): Promise<unknown> => {
  try {
    for await (const _ of source);
  } catch (cause) {
    return cause
  }
  throw new Error('nothing was thrown')
}
