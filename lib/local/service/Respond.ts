/** Writes answers that are this runtime's own. */
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { problem } from '../../core/AgentError'
import type { Hold } from '../../node/Budget'
import { fromParserCode, rawResponse } from '../../node/http/HttpRequest'
import { headerLines } from '../../node/http/RequestFields'
import { answer, type ServiceError, unreadable } from './ServiceError'

/** Headers of every response of the local runtime, its own or relayed, over HTTP or to an upgrade: the one place to add one. */
const everyResponse: Readonly<Record<string, string>> = {}

declare const isMade: unique symbol

/** Headers that a response has beside its content's. Only `toMarks` makes them, so that none lacks `everyResponse`. */
export type Marks = Readonly<Record<string, string>> & { readonly [isMade]: true }

/** The headers of one response: those of every response, and its own. */
export const toMarks = (own: Readonly<Record<string, string>> = {}): Marks => {
  const all: Readonly<Record<string, string>> = { ...everyResponse, ...own }
  return all as Marks // the mark of the type is not there at run time
}

/** A request that is refused: the error, and the headers of the response to it. */
export interface Refused {
  readonly error: ServiceError
  readonly marks: Marks
  /** Whether the connection closes with it: where a request's end is in doubt, so is the beginning of the next. */
  readonly isLast?: boolean
}

/** Refuses with an error; the headers go on its response. */
export const refusedWith =
  (marks: Marks) =>
  (error: ServiceError): Refused => ({ error, marks })

/** Refuses with an error, before anything is known that would go on its response. */
export const refused: (error: ServiceError) => Refused = refusedWith(toMarks())

/** Answers a request that is refused. */
export const respondRefused =
  (res: ServerResponse) =>
  ({ error, marks, isLast = false }: Refused): void => {
    if (isLast) res.shouldKeepAlive = false
    respondError(res, error, marks)
  }

/** Answers with an error. A response that has begun is cut off, since an error must not look like its end. */
export const respondError = (res: ServerResponse, error: ServiceError, marks: Marks): void => {
  if (res.headersSent) return void res.destroy()
  const { status, headers, body } = answer(error)
  res.writeHead(status, { ...headers, ...marks, 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

/** Answers with JSON. */
export const respondJson = (res: ServerResponse, value: unknown, marks: Marks): void => {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...marks })
  res.end(body)
}

/** Refuses an upgrade with an error of the service. */
export const refuseWith = (duplex: Duplex, error: ServiceError, marks: Marks): void => {
  const { status, headers, body } = answer(error)
  writeRefusal(duplex, status, Object.entries({ ...headers, ...marks }), body)
}

/** Refuses an upgrade with a response of somebody else, and closes the connection. */
export const refuseUpgrade = (
  duplex: Duplex,
  status: number,
  headers: ReadonlyArray<readonly [string, string]>,
  body: Uint8Array | string,
): void => writeRefusal(duplex, status, [...headers, ...Object.entries(everyResponse)], body)

const writeRefusal = (
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

/** Answers what is no valid HTTP request, as far as its parser has read it, and closes its connection. */
export const refuseBroken = (error: Error, duplex: Duplex, marks: Marks): void => {
  const told = fromParserCode('code' in error ? error.code : undefined)
  const response = '_httpMessage' in duplex ? duplex._httpMessage : undefined // as Node's own listener looks
  const isAnswering = response instanceof ServerResponse && response.headersSent
  if (told === undefined || !duplex.writable || isAnswering) return void duplex.destroy()
  const { status, message } = problem(told)
  const { headers, body } = answer(unreadable(message))
  duplex.end(rawResponse(status, STATUS_CODES[status] ?? '', { ...headers, ...marks }, body), () => duplex.destroy())
}

/** Why a body is not there. */
export type BodyFault = 'too large' | 'too many at once' | 'cut off'

/** Reads a whole body. Left where it is larger than the limit, where the hold takes no more, and where it is cut off. */
export const readBody = (req: IncomingMessage, limit: number, hold: Hold): Promise<E.Either<BodyFault, Buffer>> =>
  new Promise((resolve) => {
    const parts: Array<Buffer> = []
    let size = 0
    const refuse = (fault: BodyFault): void => {
      req.pause()
      parts.length = 0
      resolve(E.left(fault))
    }
    req.on('data', (part: Buffer) => {
      size += part.length
      if (limit > 0 && size > limit) return refuse('too large')
      if (!hold.take(part.length)) return refuse('too many at once')
      parts.push(part)
    })
    req.once('end', () => resolve(E.right(Buffer.concat(parts))))
    req.once('close', () => resolve(E.left('cut off')))
  })
