/**
 * Replies of handlers: a status, headers and a body. A handler may return any value; `of` turns it into a reply.
 *
 * @since 0.1.0
 */
import type { Framing } from './Framing'

export type { Framing } from './Framing'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A source of values to stream. */
export type Source<V = unknown> = AsyncIterable<V> | Iterable<V> | AsyncIterator<V> | Iterator<V>

/** The body of a reply. */
export type Body =
  | { readonly _tag: 'Json'; readonly value: unknown }
  | { readonly _tag: 'Events'; readonly source: Source; readonly framing?: Framing }
  | { readonly _tag: 'Bytes'; readonly bytes: Uint8Array; readonly contentType: string }
  | { readonly _tag: 'Text'; readonly text: string; readonly contentType: string }
  | { readonly _tag: 'Empty' }

/** A reply. Create one with a constructor of this module, which marks it so that it is not taken for a JSON value. */
export interface Reply {
  readonly [brand]: true
  readonly status: number
  /** Response headers by name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

const brand: unique symbol = Symbol.for('agentcore-fp/Reply')

/** A reply that streams values of the type `V`. */
export interface Stream<out V> extends Reply {
  /** Phantom type; never present. */
  readonly [yields]?: V
}

declare const yields: unique symbol

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const make = (body: Body, status = 200): Reply => ({ [brand]: true, status, headers: noHeaders, body })

/**
 * Responds 200 with a value as JSON, whatever the value is: even an iterable is not streamed.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const agent = entrypoint(Handler.fromSync(() => Reply.json({ answer: 42 })))
 * ```
 */
export const json = (value: unknown): Reply => make({ _tag: 'Json', value })

/**
 * Responds 200 with a stream of server-sent events, one for each value of the source. How it reports its failure and its
 * end can be changed for clients that expect events of their own.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const agent = entrypoint(Handler.fromSync(() => Reply.events(['one', 'two'])))
 * ```
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply, Sse } from 'agentcore-fp'
 *
 * // As clients of OpenAI expect it.
 * export const agent = entrypoint(
 *   Handler.fromSync(() =>
 *     Reply.events([{ choices: [] }], {
 *       failure: ({ message, code }) => [{ error: { message, code } }],
 *       end: [Sse.raw({ data: '[DONE]' })],
 *     }),
 *   ),
 * )
 * ```
 */
export const events = <V>(source: Source<V>, framing?: Framing): Stream<V> =>
  make(framing === undefined ? { _tag: 'Events', source } : { _tag: 'Events', source, framing })

/**
 * Responds 200 with bytes.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const agent = entrypoint(Handler.fromSync(() => Reply.bytes(Uint8Array.of(1, 2), 'image/png')))
 * ```
 */
export const bytes = (content: Uint8Array, contentType = 'application/octet-stream'): Reply =>
  make({ _tag: 'Bytes', bytes: content, contentType })

/**
 * Responds 200 with text, encoded as UTF-8.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const agent = entrypoint(Handler.fromSync(() => Reply.text('<p>Hello</p>', 'text/html; charset=utf-8')))
 * ```
 */
export const text = (content: string, contentType = 'text/plain; charset=utf-8'): Reply =>
  make({ _tag: 'Text', text: content, contentType })

/** Responds 204 without a body. */
export const empty: Reply = make({ _tag: 'Empty' }, 204)

/**
 * Checks whether a value was made by a constructor of this module.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const known = Reply.isReply(Reply.empty) // true
 * ```
 */
export const isReply = (value: unknown): value is Reply => typeof value === 'object' && value !== null && brand in value

const isFunction = (value: unknown): boolean => typeof value === 'function'

/**
 * Checks whether a value can be streamed: any async iterable, and any iterator or iterable that is not a plain value such
 * as a string, array, Map, Set or typed array.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const streamed = Reply.isSource([1, 2].values()) // true
 * ```
 */
export const isSource = (value: unknown): value is Source => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (Symbol.asyncIterator in value) return isFunction(value[Symbol.asyncIterator])
  if ('next' in value && isFunction(value.next)) return true
  if (!(Symbol.iterator in value)) return false
  return !(value instanceof Map || value instanceof Set || ArrayBuffer.isView(value))
}

/**
 * Turns the value that a handler returned into a reply: a reply stays itself, anything that can be streamed becomes events,
 * a `Uint8Array` becomes bytes, everything else becomes JSON.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const reply = Reply.of({ answer: 42 })
 * ```
 */
export const of = (value: unknown): Reply => {
  if (typeof value !== 'object' || value === null) return json(value)
  if (isReply(value)) return value
  if (isSource(value)) return events(value)
  return value instanceof Uint8Array ? bytes(value) : json(value)
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Sets the status of a reply, 200 to 599.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const agent = entrypoint(Handler.fromSync(() => pipe(Reply.json({ id: 7 }), Reply.withStatus(201))))
 * ```
 */
export const withStatus =
  (status: number) =>
  (self: Reply): Reply => ({ ...self, status })

/**
 * Sets a response header, replacing one of the same name.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const agent = entrypoint(
 *   Handler.fromSync(() => pipe(Reply.json({ id: 7 }), Reply.withHeader('x-version', '1'))),
 * )
 * ```
 */
export const withHeader =
  (name: string, value: string) =>
  (self: Reply): Reply => ({ ...self, headers: Object.freeze({ ...self.headers, [name.toLowerCase()]: value }) })
