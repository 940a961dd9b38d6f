/** Bytes for the wire: connections, requests and frames made once and sent many times. */
import { randomBytes } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'

/** Every request belongs to a session, as every request of the service does. */
const session = 'x-amzn-bedrock-agentcore-runtime-session-id: bench-session-0123456789-0123456789'

/** A connection that is open. */
export const connect = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

const head = (first: string, ...fields: ReadonlyArray<string>): string =>
  [first, 'host: 127.0.0.1', session, ...fields, '', ''].join('\r\n')

/** `GET` of a path. */
export const get = (path: string): Buffer => Buffer.from(head(`GET ${path} HTTP/1.1`))

/** An invocation. */
export const post = (body: string, ...fields: ReadonlyArray<string>): Buffer =>
  Buffer.from(
    head(
      'POST /invocations HTTP/1.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      ...fields,
    ) + body,
  )

/** The request that opens a WebSocket. */
export const upgrade = (): Buffer =>
  Buffer.from(
    head(
      'GET /ws HTTP/1.1',
      'upgrade: websocket',
      'connection: Upgrade',
      'sec-websocket-version: 13',
      `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
    ),
  )

/** A short text as a client's frame (masked) and as the server's answer to it (not masked). */
export const frames = (text: string): { readonly said: Buffer; readonly heard: Buffer } => {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return {
    said: Buffer.concat([Buffer.of(0x81, 0x80 | payload.length), mask, masked]),
    heard: Buffer.concat([Buffer.of(0x81, payload.length), payload]),
  }
}
