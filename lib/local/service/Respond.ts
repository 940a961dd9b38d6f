/** Writes answers that are this runtime's own. */
import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { problem } from '../../core/AgentError'
import { fromParserCode, rawResponse } from '../../node/http/HttpRequest'
import { errorCode } from '../../node/SystemError'
import { headerLines } from '../../node/http/RequestFields'
import { answer, type ServiceError, unreadable } from './ServiceError'

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

/** Answers what is no valid HTTP request, as far as its parser has read it, and closes its connection. */
export const refuseBroken = (error: Error, duplex: Duplex, marks: Marks): void => {
  const told = fromParserCode(errorCode(error))
  const response = '_httpMessage' in duplex ? duplex._httpMessage : undefined // as Node's own listener looks
  const isAnswering = response instanceof ServerResponse && response.headersSent
  if (told === undefined || !duplex.writable || isAnswering) return void duplex.destroy()
  const { status, message } = problem(told)
  const { headers, body } = answer(unreadable(message))
  duplex.end(rawResponse(status, STATUS_CODES[status] ?? '', { ...headers, ...marks }, body), () => duplex.destroy())
}
