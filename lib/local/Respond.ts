/** Writes answers that are this runtime's own. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawHeaders } from '../core/Protocol'
import { isFieldName, isFieldValue } from '../core/RequestFields'
import { answer, type ServiceError } from './ServiceError'

/** What the service puts on every answer of the data plane. */
export type Marks = Readonly<Record<string, string>>

/** Answers with an error. What was begun already is cut off: an error must not look like an end. */
export const respondError = (res: ServerResponse, error: ServiceError, marks: Marks = {}): void => {
  if (res.headersSent) return void res.destroy()
  const { status, headers, body } = answer(error)
  res.writeHead(status, { ...headers, ...marks, 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

/** Answers with JSON. */
export const respondJson = (res: ServerResponse, value: unknown, marks: Marks = {}): void => {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...marks })
  res.end(body)
}

/**
 * Headers as lines of a response that is written to a socket without Node's own checks. What HTTP cannot carry is left
 * out: a line break in a value would end the header and begin whatever its author likes.
 */
export const headerLines = (headers: Iterable<readonly [string, string]>): ReadonlyArray<string> =>
  [...headers].flatMap(([name, value]) => (isFieldName(name) && isFieldValue(value) ? [`${name}: ${value}`] : []))

/** Refuses an upgrade with an answer, and closes the connection. */
export const refuseUpgrade = (
  duplex: Duplex,
  status: number,
  headers: ReadonlyArray<readonly [string, string]>,
  body: Uint8Array | string,
): void => {
  if (!duplex.writable) return void duplex.destroy()
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headerLines(headers),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  duplex.once('finish', () => duplex.destroy())
  duplex.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  duplex.end(body)
}

/** Refuses an upgrade with an error of the service. */
export const refuseWith = (duplex: Duplex, error: ServiceError, marks: Marks = {}): void => {
  const { status, headers, body } = answer(error)
  refuseUpgrade(duplex, status, Object.entries({ ...headers, ...marks }), body)
}

/** Reads a whole body. Rejects when it is larger than the limit, or does not arrive whole. */
export const bodyOf = (req: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Array<Buffer> = []
    let size = 0
    req.on('data', (part: Buffer) => {
      size += part.length
      if (limit === 0 || size <= limit) return void parts.push(part)
      req.pause()
      reject(new Error('the body is too large'))
    })
    req.once('end', () => resolve(Buffer.concat(parts)))
    req.once('close', () => reject(new Error('the body did not arrive')))
  })

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)

const hostIn = (origin: string): string => origin.replace(/^https?:\/\//i, '')

/**
 * Whether a request comes from this machine and not from a page on the web, which a browser would let call any port: its
 * host and its origin, if it has one, are names of this machine.
 */
export const isFromHere = (headers: RawHeaders): boolean => {
  const { host, origin } = headers
  return (typeof host !== 'string' || isLoopback(host)) && (typeof origin !== 'string' || isLoopback(hostIn(origin)))
}
