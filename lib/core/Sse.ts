/**
 * Server-sent events as text. A plain value becomes `data: <json>`; `event`, `raw` and `comment` offer more control.
 * All functions are total and return strings, so that the wire format is tested without a connection.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { type AgentError, unencodable } from './AgentError'
import type { Problem } from './Problem'
import { encode } from './Json'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The fields of an event beside its data. */
export interface Fields {
  readonly event?: string
  readonly id?: string
  /** Milliseconds that the client should wait before it reconnects. */
  readonly retry?: number
}

/** An event with more than data. Create one with `event`, `raw` or `comment`. */
export interface Event extends Fields {
  readonly [brand]: 'json' | 'raw' | 'comment'
  readonly data: unknown
}

const brand: unique symbol = Symbol.for('agentcore-fp/Sse.Event')

/** The content type of an event stream. */
export const contentType = 'text/event-stream; charset=utf-8'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A server-sent event whose data is a value, encoded as JSON like any other value of a stream.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 *
 * export const agent = entrypoint(
 *   Handler.fromGenerator(function* () {
 *     yield Sse.event({ event: 'token', data: { text: 'Hello' } })
 *   }),
 * )
 * ```
 */
export const event = (fields: Fields & { readonly data: unknown }): Event => ({ ...fields, [brand]: 'json' })

/**
 * A server-sent event whose data is text, sent as is; each of its lines becomes a `data:` line.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 *
 * export const agent = entrypoint(
 *   Handler.fromGenerator(function* () {
 *     yield Sse.raw({ event: 'token', data: 'Hello' })
 *   }),
 * )
 * ```
 */
export const raw = (fields: Fields & { readonly data: string }): Event => ({ ...fields, [brand]: 'raw' })

/**
 * A comment in a stream: it keeps the connection open, and clients ignore it.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 *
 * export const agent = entrypoint(
 *   Handler.fromGenerator(function* () {
 *     yield Sse.comment('thinking')
 *     yield 'Hello'
 *   }),
 * )
 * ```
 */
export const comment = (text: string): Event => ({ data: text, [brand]: 'comment' })

/**
 * Checks whether a value was made by `event`, `raw` or `comment`.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 *
 * export const known = Sse.isEvent(Sse.comment('thinking')) // true
 * ```
 */
export const isEvent = (value: unknown): value is Event => typeof value === 'object' && value !== null && brand in value

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Replaces the data of an event made by `event`; one made by `raw` or `comment` stays as it is.
 *
 * @example
 * ```ts
 * import { Sse } from 'agentcore-fp'
 *
 * export const shouted = Sse.mapData(async (text) => String(text).toUpperCase())(Sse.event({ data: 'hello' }))
 * ```
 */
export const mapData =
  (f: (data: unknown) => Promise<unknown>) =>
  async (self: Event): Promise<Event> =>
    self[brand] === 'json' ? { ...self, data: await f(self.data) } : self

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const lines = (name: string, text: string): string =>
  text
    .split(/\r\n|\r|\n/)
    .map((line) => `${name}${line}\n`)
    .join('')

const field = (name: string, value: string | undefined): E.Either<AgentError, string> => {
  if (value === undefined) return E.right('')
  return /[\r\n\0]/.test(value)
    ? E.left(unencodable(`the field ${name} of an event contains a line break or NUL`))
    : E.right(`${name}: ${value}\n`)
}

const retry = (value: number | undefined): E.Either<AgentError, string> => {
  if (value === undefined) return E.right('')
  return Number.isSafeInteger(value) && value >= 0
    ? E.right(`retry: ${value}\n`)
    : E.left(unencodable('the retry field of an event must be a whole number of milliseconds'))
}

const data = (self: Event): E.Either<AgentError, string> => {
  if (self[brand] === 'json')
    return pipe(
      encode(self.data),
      E.map((json) => `data: ${json}\n`),
    )
  return E.right(lines(self[brand] === 'raw' ? 'data: ' : ': ', String(self.data)))
}

const eventFrame = (self: Event): E.Either<AgentError, string> =>
  pipe(
    E.Do,
    E.apS('name', field('event', self.event)),
    E.apS('id', field('id', self.id)),
    E.apS('retry', retry(self.retry)),
    E.apS('data', data(self)),
    E.map((parts) => `${parts.name}${parts.id}${parts.retry}${parts.data}\n`),
  )

/**
 * Encodes a value or an event as it is sent. Left `Unencodable` for what JSON cannot represent, and for a line break in
 * a field.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 *
 * export const text = Sse.frame({ text: 'Hello' }) // right('data: {"text":"Hello"}\n\n')
 * ```
 */
export const frame = (value: unknown): E.Either<AgentError, string> => {
  if (isEvent(value)) return eventFrame(value)
  const json = encode(value)
  return E.isLeft(json) ? json : E.right(`data: ${json.right}\n\n`)
}

/**
 * The frame that ends a stream which failed after its first byte.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Sse } from 'agentcore-fp'
 * import { AgentError } from 'agentcore-fp'
 *
 * export const text = Sse.lastFrame(AgentError.problem(AgentError.stopping), 'request-1')
 * ```
 */
export const lastFrame = (problem: Problem, requestId: string): string => {
  const body = {
    error: problem.message,
    error_type: problem.code,
    message: 'An error occurred during streaming',
    requestId,
    ...(problem.details === undefined ? {} : { details: problem.details }),
  }
  return pipe(
    encode(body),
    E.getOrElse(() => JSON.stringify({ ...body, details: undefined })),
    (json) => `event: error\ndata: ${json}\n\n`,
  )
}

/** The comment that keeps an idle connection open. */
export const keepAlive = ': keep-alive\n\n'
