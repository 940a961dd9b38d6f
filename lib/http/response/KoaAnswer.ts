/**
 * The response of a route on a Koa context, for speed: its body stays encoded until a middleware reads `ctx.body`. Most
 * never do, and then the text is sent as it is, and a stream writes to the connection without a Readable in between.
 */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type * as Koa from 'koa'
import { isPlain } from '../../core/Json'
import type { EventStream } from '../stream/EventStream'
import { type Answer, type Content, hasNoBody, startStream } from './WireResponse'

type HeldContent = Exclude<Content, { readonly _tag: 'Empty' }>

const held: unique symbol = Symbol('held')

/** A Koa response, with the content that nobody has read yet. */
interface Holder extends Koa.Response {
  [held]?: HeldContent | undefined
}

/** Lets the responses of an app hold encoded content: `app.response.body` is an accessor around Koa's own. */
export const holdContent = (koa: Koa): void => {
  const own = koaBody(koa.response)
  const body: PropertyDescriptor & ThisType<Holder> = {
    configurable: true,
    enumerable: true,
    get() {
      const content = this[held]
      if (content !== undefined) release(this, content, (value) => own.set.call(this, value))
      return own.get.call(this)
    },
    set(value: unknown) {
      const content = this[held]
      if (content !== undefined) drop(this, content)
      own.set.call(this, value)
    },
  }
  Object.defineProperty(koa.response, 'body', body)
}

/** Sets a response on a Koa context, for middleware to see and Koa to write. */
export const writeToKoa = (ctx: Koa.Context, { status, headers, content }: Answer): void => {
  const { response, res }: { readonly response: Holder; readonly res: ServerResponse } = ctx
  if (content._tag === 'Empty' || hasNoBody(status) || ctx.headerSent || isBody(response.body)) {
    return writeThrough(ctx, { status, headers, content })
  }
  response.status = status
  for (const name in headers) res.setHeader(name, headers[name] ?? '')
  if (hasLength(content)) response.length = Buffer.byteLength(toBytes(content))
  response[held] = content
}

/** Whether a Koa context has a body, without reading it. */
export const hasBody = (ctx: Koa.Context): boolean => {
  const { response }: { readonly response: Holder } = ctx
  return response[held] !== undefined || isBody(response.body)
}

/** Sends content that nobody has read. False if there is none, or if it is for Koa to send. */
export const sendHeld = (ctx: Koa.Context): boolean => {
  const { response, res }: { readonly response: Holder; readonly res: ServerResponse } = ctx
  const content = response[held]
  const { statusCode } = res
  if (content === undefined || ctx.respond === false || res.headersSent || statusCode < 200 || hasNoBody(statusCode)) {
    return false
  }
  response[held] = undefined
  if (content._tag !== 'Events') {
    const body = toBytes(content)
    if (!res.hasHeader('transfer-encoding')) res.setHeader('content-length', Buffer.byteLength(body))
    res.end(body)
  } else if (response.writable) startStream(res, content.stream)
  else content.stream.cancel()
  return true
}

/** Drops content that a failure replaces. */
export const dropHeld = (ctx: Koa.Context): void => {
  const { response }: { readonly response: Holder } = ctx
  const content = response[held]
  if (content !== undefined) drop(response, content)
}

/** Whether a body in a Koa context is a stream that `writeToKoa` has set. */
export const isOwnStream = (body: Readable): boolean => ownStreams.has(body)

const ownStreams = new WeakSet<Readable>()

interface BodyAccessor {
  readonly get: (this: Koa.Response) => unknown
  readonly set: (this: Koa.Response, value: unknown) => void
}

/** The accessor of `ctx.body` that the prototype of an app's responses inherits from Koa. */
const koaBody = (response: object): BodyAccessor => {
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(response), 'body')
  // Part of Koa's public interface: its types declare `body` of a response.
  return descriptor as BodyAccessor & PropertyDescriptor
}

/** Whether a value is a body in Koa's sense. */
const isBody = (value: unknown): boolean => value !== null && value !== undefined

const toBytes = (content: Exclude<HeldContent, { readonly _tag: 'Events' }>): string | Uint8Array =>
  content._tag === 'Text' ? content.text : content.bytes

/** Whether a middleware finds `Content-Length`, as it does in Koa for any body but a stream and a JSON value. */
const hasLength = (content: HeldContent): content is Exclude<HeldContent, { readonly _tag: 'Events' }> =>
  content._tag === 'Bytes' || (content._tag === 'Text' && (typeof content.value !== 'object' || content.value === null))

/** Gives a middleware the body to read. The headers stay as they are, whatever Koa would infer from the body. */
const release = (response: Holder, content: HeldContent, set: (value: unknown) => void): void => {
  response[held] = undefined
  const { res } = response
  const type = res.getHeader('content-type')
  set(toBody(content))
  if (res.headersSent || res.getHeader('content-type') === type) return
  if (type === undefined) res.removeHeader('content-type')
  else res.setHeader('content-type', type)
}

/** Drops content that nobody has read. */
const drop = (response: Holder, content: HeldContent): void => {
  response[held] = undefined
  if (content._tag === 'Events') content.stream.cancel()
  else if (hasLength(content)) response.remove('content-length')
}

const writeThrough = (ctx: Koa.Context, { status, headers, content }: Answer): void => {
  ctx.status = status
  if (content._tag === 'Empty') {
    ctx.body = status >= 400 ? '' : null // null in a failure means that nothing has responded
    ctx.remove('content-type')
  } else ctx.body = toBody(content)
  ctx.status = status
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value)
}

/** The body as Koa and its middleware know it. */
const toBody = (content: HeldContent): unknown => {
  switch (content._tag) {
    case 'Text':
      return isPlain(content.value) ? content.value : content.text
    case 'Bytes':
      return Buffer.from(content.bytes)
    case 'Events':
      return toReadable(content.stream)
  }
}

/** A stream of events as a Readable. */
const toReadable = (stream: EventStream): Readable => {
  let onDrain: (() => void) | undefined
  const readable = new Readable({
    encoding: 'utf8',
    read: () => {
      if (onDrain === undefined) {
        onDrain = stream.start({
          write: (text) => readable.push(text),
          end: (text) => {
            if (text !== '') readable.push(text)
            readable.push(null)
          },
        })
      } else onDrain()
    },
    destroy: (error, done) => {
      stream.cancel()
      done(error)
    },
  })
  ownStreams.add(readable)
  return readable
}
