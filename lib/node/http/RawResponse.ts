/** Responses on a connection without a response object: the request was invalid, or asked for an upgrade. */
import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AgentError } from '../../core/AgentError'
import { errorCode } from '../SystemError'
import { fromParserCode } from './HttpRequest'
import { headerLines } from './RequestFields'

/** A whole response. `Content-Length` and `Connection: close` are added as it is written. */
export interface RawResponse {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly body: Uint8Array | string
}

/** Writes a response and closes its connection. */
export const respondRaw = (connection: Duplex, { status, headers, body }: RawResponse): void => {
  if (!connection.writable) return void connection.destroy()
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headerLines(headers),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  connection.cork() // `end` flushes both in one packet
  connection.once('finish', () => connection.destroy())
  connection.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  connection.end(body)
}

/** The response that is being written to a connection, which Node's own `clientError` listener looks up in this way. */
export const toResponse = (connection: Duplex): ServerResponse | undefined => {
  const response = '_httpMessage' in connection ? connection._httpMessage : undefined
  return response instanceof ServerResponse ? response : undefined
}

/**
 * A `clientError` listener that responds to invalid HTTP, given what the parser has read. Writes nothing if the client
 * has disconnected, or into a response that has begun.
 */
export const onBrokenRequest =
  (answer: (told: AgentError, cause: Error) => RawResponse) =>
  (cause: Error, connection: Duplex): void => {
    const told = fromParserCode(errorCode(cause))
    if (told === undefined || toResponse(connection)?.headersSent === true) return void connection.destroy()
    if (!connection.writable) return void connection.destroy()
    respondRaw(connection, answer(told, cause))
  }
