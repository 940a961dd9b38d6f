/** Writes responses of the local runtime itself. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import { problem } from '../../core/Problem'
import { onBrokenRequest, respondRaw } from '../../node/http/RawResponse'
import { answer, type ServiceError, unreadable } from './ServiceError'

/** Headers of every response of the local runtime, its own or relayed, HTTP or upgrade: the one place to add one. */
const everyResponse: Readonly<Record<string, string>> = {}

declare const isMade: unique symbol

/**
 * Response headers apart from those of the content. Only `toMarks` creates them, so that none lacks `everyResponse`.
 */
export type Marks = Readonly<Record<string, string>> & { readonly [isMade]: true }

/** The headers of one response: `everyResponse` and its own. */
export const toMarks = (own: Readonly<Record<string, string>> = {}): Marks => {
  const all: Readonly<Record<string, string>> = hasMore ? { ...everyResponse, ...own } : own
  return all as Marks // the brand exists only in the type
}

const hasMore = Object.keys(everyResponse).length > 0

/** A rejected request: the error, and the headers of its response. */
export interface Refused {
  readonly error: ServiceError
  readonly marks: Marks
  /** Whether to close the connection: if the end of a request is in doubt, so is the start of the next. */
  readonly isLast?: boolean
}

/** Rejects with an error and response headers. */
export const refusedWith =
  (marks: Marks) =>
  (error: ServiceError): Refused => ({ error, marks })

/** Rejects with an error before any response headers are known. */
export const refused: (error: ServiceError) => Refused = refusedWith(toMarks())

/** Responds to a rejected request. */
export const respondRefused =
  (res: ServerResponse) =>
  ({ error, marks, isLast = false }: Refused): void => {
    if (isLast) res.shouldKeepAlive = false
    respondError(res, error, marks)
  }

/** Responds with an error. A response in progress is aborted, so that the error does not look like its end. */
export const respondError = (res: ServerResponse, error: ServiceError, marks: Marks): void => {
  if (res.headersSent) return void res.destroy()
  const { status, headers, body } = answer(error)
  res.writeHead(status, { ...headers, ...marks, 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

/** Responds with JSON. */
export const respondJson = (res: ServerResponse, value: unknown, marks: Marks): void => {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...marks })
  res.end(body)
}

/** Rejects an upgrade with a service error. */
export const refuseWith = (duplex: Duplex, error: ServiceError, marks: Marks): void => {
  const { status, headers, body } = answer(error)
  respondRaw(duplex, { status, headers: Object.entries({ ...headers, ...marks }), body })
}

/** Rejects an upgrade with a response from elsewhere, and closes the connection. */
export const refuseUpgrade = (
  duplex: Duplex,
  status: number,
  headers: ReadonlyArray<readonly [string, string]>,
  body: Uint8Array | string,
): void => respondRaw(duplex, { status, headers: [...headers, ...Object.entries(everyResponse)], body })

/** A `clientError` listener that responds as the service does; `marks` creates the headers of each response. */
export const refuseBroken = (marks: IO<Marks>): ((cause: Error, duplex: Duplex) => void) =>
  onBrokenRequest((told) => {
    const { status, message } = problem(told)
    const { headers, body } = answer(unreadable(message))
    return { status, headers: Object.entries({ ...headers, ...marks() }), body }
  })
