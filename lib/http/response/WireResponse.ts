/** Encoded responses, and their writer to a bare Node response; `KoaAnswer` has that to a Koa context. */
import type { ServerResponse } from 'node:http'
import * as E from 'fp-ts/Either'
import { type AgentError, unencodable } from '../../core/AgentError'
import { cause, problem, type Problem } from '../../core/Problem'
import { encode } from '../../core/Json'
import { header, refusalType } from '../../core/Protocol'
import type { Reply } from '../../core/Reply'
import { contentType as eventStreamType } from '../../core/Sse'
import type { EventStream } from '../stream/EventStream'
import { carried, isCarried } from './HeaderFields'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The body of a response, encoded. */
export type Content =
  | { readonly _tag: 'Text'; readonly text: string; readonly value?: unknown }
  | { readonly _tag: 'Bytes'; readonly bytes: Uint8Array }
  | { readonly _tag: 'Events'; readonly stream: EventStream }
  | { readonly _tag: 'Empty' }

/** An encoded response. Header names are in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly content: Content
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const jsonType = 'application/json'

const jsonText = (
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
  value?: unknown,
): Answer => ({
  status,
  headers: { 'content-type': jsonType, ...headers },
  content: { _tag: 'Text', text, value },
})

/** A response of the server itself: a JSON value that is known to encode. */
export const fromJson = (value: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  jsonText(200, JSON.stringify(value), headers)

const errorMessage = (thrown: unknown): string => {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return `A value of type ${typeof thrown} was thrown`
  }
}

/** The problem that a client sees of a failure; with `reveals` also the message of what was thrown. */
export const toProblem = (error: AgentError, reveals: boolean): Problem => {
  const told = problem(error)
  const thrown = reveals ? cause(error) : undefined
  return thrown === undefined ? told : { ...told, message: errorMessage(thrown) }
}

/** The JSON body of a failure. */
export const problemText = ({ message, code, details }: Problem, requestId: string): string => {
  const body = { error: message, code, requestId }
  const text = details === undefined ? encode(body) : encode({ ...body, details })
  return E.isRight(text) ? text.right : JSON.stringify(body)
}

/** The uniform format of failures: `{"error","code","requestId","details"?}`. */
export const fromError = (
  error: AgentError,
  requestId: string,
  reveals: boolean,
  headers: Readonly<Record<string, string>> = {},
): Answer => {
  const told = toProblem(error, reveals)
  const own = told.headers === undefined ? undefined : carried(told.headers).fields
  return jsonText(told.status, problemText(told, requestId), { ...own, ...headers })
}

/** Whether a response of a status cannot have a body. */
export const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304

const isStatus = (status: number): boolean => Number.isInteger(status) && status >= 200 && status <= 599

const hasHeaders = ({ headers }: Pick<Reply, 'headers'>): boolean => {
  for (const _ in headers) return true
  return false
}

/** Why a reply cannot be sent; undefined if it can. */
export const validateReply = ({ status, headers, body }: Reply): AgentError | undefined => {
  if (!isStatus(status)) return unencodable(`its status ${status} is not between 200 and 599`)
  if (body._tag === 'Events' && hasNoBody(status)) return unencodable(`a stream cannot have status ${status}`)
  if ('contentType' in body && !isCarried('content-type', body.contentType)) {
    return unencodable('its content type is invalid in HTTP')
  }
  if ('contentType' in body && body.contentType.trim().toLowerCase().startsWith(refusalType)) {
    return unencodable('its content type is reserved for refusals: reject with AgentError.rejected')
  }
  if (!hasHeaders({ headers })) return undefined
  const bad = Object.entries(headers).find(([name, value]) => !isCarried(name, value))
  return bad === undefined ? undefined : unencodable(`its header ${bad[0].slice(0, 40)} is invalid or reserved`)
}

/** The headers of a stream, which disable caching, compression and proxy buffering. */
const streamHeaders = (sessionId: string): Readonly<Record<string, string>> => ({
  'content-type': eventStreamType,
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  [header.sessionId]: sessionId,
})

/** The response that streams a reply. */
export const fromStream = (reply: Reply, stream: EventStream, sessionId: string): Answer => {
  const own = streamHeaders(sessionId)
  return {
    status: reply.status,
    headers: hasHeaders(reply) ? { ...own, ...reply.headers, [header.sessionId]: sessionId } : own,
    content: { _tag: 'Events', stream },
  }
}

/** The response for a reply that is not a stream. Left `Unencodable`. */
export const fromReply = (reply: Reply, sessionId: string): E.Either<AgentError, Answer> => {
  const { status, body } = reply
  const withType = (contentType: string): Readonly<Record<string, string>> =>
    hasHeaders(reply)
      ? { 'content-type': contentType, ...reply.headers, [header.sessionId]: sessionId }
      : { 'content-type': contentType, [header.sessionId]: sessionId }
  switch (body._tag) {
    case 'Json': {
      const text = encode(body.value)
      if (E.isLeft(text)) return text
      return E.right({
        status,
        headers: withType(jsonType),
        content: { _tag: 'Text', text: text.right, value: body.value },
      })
    }
    case 'Text':
      return E.right({ status, headers: withType(body.contentType), content: { _tag: 'Text', text: body.text } })
    case 'Bytes':
      return E.right({ status, headers: withType(body.contentType), content: { _tag: 'Bytes', bytes: body.bytes } })
    case 'Events':
    case 'Empty':
      return E.right({
        status,
        headers: { ...reply.headers, [header.sessionId]: sessionId },
        content: { _tag: 'Empty' },
      })
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Writes a response to an unused Node response. */
export const writeTo = (res: ServerResponse, { status, headers, content }: Answer): void => {
  if (content._tag === 'Events') {
    res.writeHead(status, headers)
    return startStream(res, content.stream)
  }
  if (content._tag === 'Empty' || hasNoBody(status)) {
    res.writeHead(status, hasNoBody(status) ? headers : { ...headers, 'content-length': 0 })
    res.end()
    return
  }
  const body = content._tag === 'Text' ? content.text : content.bytes
  const fields: Array<string> = []
  for (const name in headers) fields.push(name, headers[name] ?? '')
  fields.push('content-length', String(Buffer.byteLength(body)))
  res.writeHead(status, fields)
  res.end(body)
}

/** Starts a stream as the body of a response whose head is set. The head is sent at once, be there something to write or not. */
export const startStream = (res: ServerResponse, stream: EventStream): void => {
  let hasBegun = false
  const onDrain = stream.start({
    write: (text) => {
      hasBegun = true
      return res.write(text)
    },
    end: (text) => {
      hasBegun = true
      res.end(text)
    },
  })
  if (!hasBegun) res.flushHeaders()
  res.on('drain', onDrain)
}
