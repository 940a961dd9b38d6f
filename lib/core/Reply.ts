/**
 * What a handler's answer becomes on the wire: a status, headers and a body. A handler may give any value; `of` tells
 * what it means.
 *
 * @since 0.1.0
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What can be pulled value by value. */
export type Source = AsyncIterable<unknown> | Iterable<unknown> | AsyncIterator<unknown> | Iterator<unknown>

/** The body of an answer. */
export type Body =
  | { readonly _tag: 'Json'; readonly value: unknown }
  | { readonly _tag: 'Events'; readonly source: Source }
  | { readonly _tag: 'Bytes'; readonly bytes: Uint8Array; readonly contentType: string }
  | { readonly _tag: 'Text'; readonly text: string; readonly contentType: string }
  | { readonly _tag: 'Empty' }

/** An answer. Make one with a constructor of this module: they mark it, so that it is not taken for a JSON value. */
export interface Reply {
  readonly [brand]: true
  readonly status: number
  /** Header fields by name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

const brand: unique symbol = Symbol.for('agentcore-fp/Reply')

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const make = (body: Body, status = 200): Reply => ({ [brand]: true, status, headers: noHeaders, body })

/** 200 with a value as JSON, whatever the value is: an iterable too is not streamed. */
export const json = (value: unknown): Reply => make({ _tag: 'Json', value })

/** 200 with a stream of server-sent events, one for each value of the source. */
export const events = (source: Source): Reply => make({ _tag: 'Events', source })

/** 200 with bytes as they are. */
export const bytes = (content: Uint8Array, contentType = 'application/octet-stream'): Reply =>
  make({ _tag: 'Bytes', bytes: content, contentType })

/** 200 with text as it is, in UTF-8. */
export const text = (content: string, contentType = 'text/plain; charset=utf-8'): Reply =>
  make({ _tag: 'Text', text: content, contentType })

/** 204 without a body. */
export const empty: Reply = make({ _tag: 'Empty' }, 204)

/** Whether a value was made by a constructor of this module. */
export const isReply = (value: unknown): value is Reply => typeof value === 'object' && value !== null && brand in value

const isFunction = (value: unknown): boolean => typeof value === 'function'

/** Whether a value is one that is pulled: any async iterable, and any iterator or iterable that is no plain value. */
export const isSource = (value: unknown): value is Source => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (Symbol.asyncIterator in value) return isFunction(value[Symbol.asyncIterator])
  if ('next' in value && isFunction(value.next)) return true
  if (!(Symbol.iterator in value)) return false
  return !(value instanceof Map || value instanceof Set || ArrayBuffer.isView(value))
}

/**
 * The answer that a handler's value means: a reply is itself, what can be pulled is a stream of events, a Uint8Array
 * is bytes, everything else is JSON.
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

/** The same answer with another status, 200 to 599. */
export const withStatus =
  (status: number) =>
  (self: Reply): Reply => ({ ...self, status })

/** The same answer with one more header field, in place of one of the same name. */
export const withHeader =
  (name: string, value: string) =>
  (self: Reply): Reply => ({ ...self, headers: Object.freeze({ ...self.headers, [name.toLowerCase()]: value }) })
