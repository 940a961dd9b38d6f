/** Writes answers that are this runtime's own. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import { problem } from '../../core/AgentError'
import { onBrokenRequest, respondRaw } from '../../node/http/RawResponse'
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

/** Refuses an upgrade with an error of the service. */
export const refuseWith = (duplex: Duplex, error: ServiceError, marks: Marks = {}): void => {
  const { status, headers, body } = answer(error)
  respondRaw(duplex, { status, headers: Object.entries({ ...headers, ...marks }), body })
}

/** A listener of `clientError` that answers as the service does; `marks` makes those of each answer. */
export const refuseBroken = (marks: IO<Marks>): ((cause: Error, duplex: Duplex) => void) =>
  onBrokenRequest((told) => {
    const { status, message } = problem(told)
    const { headers, body } = answer(unreadable(message))
    return { status, headers: Object.entries({ ...headers, ...marks() }), body }
  })
