/** Load by exchanges: requests on connections that are kept, and messages on sockets. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { answersPerSecond, type Exchange } from './exchange'
import { connect, frames, get, post, upgrade } from './wire'
import { wrong } from './wrong'

const ok = Buffer.from('HTTP/1.1 200 ')

const close = (sockets: ReadonlyArray<Socket>): void => sockets.forEach((socket) => void socket.destroy())

const open = <A>(count: number, one: () => Promise<A>): Promise<ReadonlyArray<A>> =>
  Promise.all(Array.from({ length: count }, one))

const lengthOf = /\r\ncontent-length: *(\d+)\r\n/i

/** How many bytes the answer to a request has; the body of the answer must be the given one. */
const sizeOf = async (port: number, request: Buffer, isBody: (body: string) => boolean): Promise<number> => {
  const socket = await connect(port)
  try {
    socket.write(request)
    let data = Buffer.alloc(0)
    for await (const part of socket) {
      data = Buffer.concat([data, part as Buffer]) // no encoding was set
      const at = data.indexOf('\r\n\r\n') + 4
      if (at < 4) continue
      const length = Number(lengthOf.exec(data.toString('latin1', 0, at))?.[1])
      if (Number.isNaN(length)) throw wrong('without content-length', data)
      if (data.length < at + length) continue
      const body = data.toString('utf8', at)
      if (data.compare(ok, 0, ok.length, 0, ok.length) !== 0 || !isBody(body)) throw wrong('before load', data)
      return data.length
    }
    throw wrong('before load', 'the connection was closed')
  } finally {
    socket.destroy()
  }
}

/** Requests a second, the same one on so many connections. */
export const requestsPerSecond = async (
  port: number,
  question: Buffer,
  isBody: (body: string) => boolean,
  connections: number,
  ms: number,
): Promise<number> => {
  const size = await sizeOf(port, question, isBody)
  const sockets = await open(connections, () => connect(port))
  try {
    return await answersPerSecond(sockets, { question, start: ok, size, window: 1 }, ms)
  } finally {
    close(sockets)
  }
}

/** A body of so many bytes that asks for an answer of about as many. */
export const bodyOf = (bytes: number): string => JSON.stringify({ prompt: 'x'.repeat(bytes - '{"prompt":""}'.length) })

/** Invocations a second with bodies of so many bytes. */
export const invocationsPerSecond = (port: number, bytes: number, connections: number, ms: number): Promise<number> => {
  const body = bodyOf(bytes)
  const wanted = body.replace('{"prompt":"', '{"result":"You said: ')
  return requestsPerSecond(port, post(body), (got) => got === wanted, connections, ms)
}

/** Answers of `/ping` a second. */
export const pingsPerSecond = (port: number, connections: number, ms: number): Promise<number> =>
  requestsPerSecond(port, get('/ping'), (got) => got.startsWith('{"status":"Healthy",'), connections, ms)

/** An open WebSocket. */
export const openWebSocket = async (port: number): Promise<Socket> => {
  const socket = await connect(port)
  socket.write(upgrade())
  const [head] = (await once(socket, 'data')) as [Buffer] // an upgrade is answered in one piece: it is short
  if (!head.toString('latin1').startsWith('HTTP/1.1 101 ') || !head.subarray(-4).equals(Buffer.from('\r\n\r\n'))) {
    throw wrong('the upgrade', head)
  }
  return socket
}

/** The frame of a ping without a payload, which a server may send at any time: nothing in an answer is like it. */
const ping = Buffer.of(0x89, 0)

/** Round trips of messages a second, so many at a time on each of so many sockets. */
export const tripsPerSecond = async (
  port: number,
  connections: number,
  window: number,
  ms: number,
): Promise<number> => {
  const { said, heard } = frames('{"prompt":"hello there","n":12345}')
  const exchange: Exchange = { question: said, start: heard, size: heard.length, aside: ping, window }
  const sockets = await open(connections, () => openWebSocket(port))
  try {
    return await answersPerSecond(sockets, exchange, ms)
  } finally {
    close(sockets)
  }
}
