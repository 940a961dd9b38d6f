/** Writes answers that are this runtime's own. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import { problem } from '../../core/AgentError'
import { onBrokenRequest, respondRaw } from '../../node/http/RawResponse'
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
  respondRaw(duplex, { status, headers: Object.entries({ ...headers, ...marks }), body })
}

/** Refuses an upgrade with a response of somebody else, and closes the connection. */
export const refuseUpgrade = (
  duplex: Duplex,
  status: number,
  headers: ReadonlyArray<readonly [string, string]>,
  body: Uint8Array | string,
): void => respondRaw(duplex, { status, headers: [...headers, ...Object.entries(everyResponse)], body })

/** A listener of `clientError` that answers as the service does; `marks` makes those of each answer. */
export const refuseBroken = (marks: IO<Marks>): ((cause: Error, duplex: Duplex) => void) =>
  onBrokenRequest((told) => {
    const { status, message } = problem(told)
    const { headers, body } = answer(unreadable(message))
    return { status, headers: Object.entries({ ...headers, ...marks() }), body }
  })
