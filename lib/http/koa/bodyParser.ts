/** `bodyParser`: koa-bodyparser, with the rules of the service contract for the payload of an invocation. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import type * as Koa from 'koa'
import { type Agent, use } from '../../core/Agent'
import { type AgentError } from '../../core/AgentError'
import {
  boolean,
  checkOptions,
  either,
  func,
  object,
  quantity,
  type Shape,
  string,
  strings,
} from '../../core/OptionCheck'
import { toThrowable } from '../../core/Throwable'
import { parseBody, type Payload, readJson } from '../invocation/RequestBody'
import { toRoute } from '../request/RequestRoute'
import type { Runtime } from '../request/Runtime'
import { type AppParts, type ParsedContext, parsedPayload } from './AppParts'
import { loadKoaBodyParser } from './KoaBodyParser'

/** Options of koa-bodyparser. They apply to every path but `/invocations`; `onerror` applies there as well. */
export interface BodyParserOptions {
  /** The kinds of bodies that are parsed: `json`, `form`, `text`, `xml`. Default `['json', 'form']`. */
  readonly enableTypes?: ReadonlyArray<'json' | 'form' | 'text' | 'xml'>
  /** The encoding of bodies. Default `utf-8`. */
  readonly encoding?: string
  /** The largest JSON body, decompressed, such as `5mb`. Default `1mb`. */
  readonly jsonLimit?: string
  /** The largest form. Default `56kb`. */
  readonly formLimit?: string
  /** The largest text. Default `1mb`. */
  readonly textLimit?: string
  /** The largest XML document. Default `1mb`. */
  readonly xmlLimit?: string
  /** Whether JSON must be an object or an array. Default true. */
  readonly strict?: boolean
  /** Tells JSON by other means than its content type. */
  readonly detectJSON?: (ctx: Koa.Context) => boolean
  /** More content types of each kind. */
  readonly extendTypes?: Partial<Readonly<Record<'json' | 'form' | 'text' | 'xml', string | ReadonlyArray<string>>>>
  /** Called with an error instead of throwing it; `ctx.throw` in it answers the request. */
  readonly onerror?: (error: Error, ctx: Koa.Context) => void
}

const limit = either(string, quantity) // koa-bodyparser takes a number of bytes too

const shape: Shape<BodyParserOptions> = {
  enableTypes: strings,
  encoding: string,
  jsonLimit: limit,
  formLimit: limit,
  textLimit: limit,
  xmlLimit: limit,
  strict: boolean,
  detectJSON: func,
  extendTypes: object,
  onerror: func,
}

/**
 * Parses request bodies for the middleware and the routes after it, which find them in `ctx.request.body`, and the text
 * in `ctx.request.rawBody`. What it has parsed for `POST /invocations` is the payload, which is not parsed again: any
 * JSON value with any content type, within the limits of `createApp`; a body that breaks them is rejected there with
 * 400, 413 or 415. On other paths it is koa-bodyparser with the given options.
 *
 * @example
 * ```ts
 * import { bodyParser, createApp, entrypoint, use } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * export const app = createApp(
 *   pipe(
 *     bodyParser(),
 *     use((ctx, next) => {
 *       console.log(ctx.path, 'body' in ctx.request ? ctx.request.body : undefined)
 *       return next()
 *     }),
 *     entrypoint((payload) => TE.right(payload)),
 *   ),
 * )
 * ```
 */
export const bodyParser = (options: BodyParserOptions = {}): Agent => {
  checkOptions('bodyParser', shape, options)
  return use({ place: 'inPipe', create: (parts: AppParts) => [createParser(options, parts)] })
}

/** A Koa request that may have been parsed, as koa-bodyparser leaves it. */
type Parsed = Koa.Request & { body?: unknown; rawBody?: unknown }

const createParser = (options: BodyParserOptions, { runtime }: AppParts): Koa.Middleware => {
  const parseAny = loadKoaBodyParser<BodyParserOptions>()({ ...options }) // it changes the options that it gets
  const parsePayload = payloadParser(runtime, options.onerror)
  return async function bodyParser(ctx, next): Promise<void> {
    const request: Parsed = ctx.request
    if (request.body !== undefined || isDisabled(ctx)) await next()
    else if (isInvocation(ctx)) {
      await parsePayload(ctx, request)
      await next()
    } else if (isUpgrade(ctx.req)) {
      request.body = {} // as for every request without a body
      await next()
    } else await parseAny(withUnreadBody(ctx, request), next)
  }
}

/** Whether a middleware has turned body parsers off, in the way that koa-bodyparser knows. */
const isDisabled = (ctx: Koa.ParameterizedContext): boolean => Boolean(ctx['disableBodyParser'])

/** Node says so of a request for an upgrade, whose body cannot be read; its types do not know it. */
const isUpgrade = (req: IncomingMessage): boolean => 'upgrade' in req && req.upgrade === true

const isInvocation = (ctx: Koa.Context): boolean => ctx.method === 'POST' && toRoute(ctx.req.url) === 'invocations'

/** Parses the body of an invocation, and records it as its payload. */
const payloadParser =
  (runtime: Runtime, onError: BodyParserOptions['onerror']) =>
  async (ctx: Koa.Context & ParsedContext, request: Parsed): Promise<void> => {
    const payload = await readPayload(ctx.req, request, runtime)
    if (payload === undefined) return
    ctx[parsedPayload] = payload
    if (E.isRight(payload)) request.body = payload.right
    else fail(ctx, payload.left, onError)
  }

/** The payload, from the request or from the bytes that an authorizer has left; undefined if another has read it. */
const readPayload = async (req: IncomingMessage, request: Parsed, runtime: Runtime): Promise<Payload | undefined> => {
  if (request.rawBody instanceof Uint8Array) return parseBody(request.rawBody, req, runtime)
  if (req.readableDidRead) return undefined
  return readJson(req, runtime, (text) => {
    request.rawBody = text
  })
}

const fail = (ctx: Koa.Context, error: AgentError, onError: BodyParserOptions['onerror']): void => {
  const thrown = toThrowable(error)
  if (onError === undefined) throw thrown
  onError(thrown, ctx)
}

/** The context for koa-bodyparser, with a body to read even if an authorizer has read it and left its bytes. */
const withUnreadBody = (ctx: Koa.ParameterizedContext, { rawBody }: Parsed): Koa.ParameterizedContext => {
  if (!(rawBody instanceof Uint8Array)) return ctx
  const body = Object.assign(Readable.from([rawBody], { objectMode: false }), { headers: ctx.req.headers })
  // A context like the original in all but the stream that is read.
  return Object.create(ctx, { req: { value: body } }) as Koa.ParameterizedContext
}
