/** `sigv4Authorizer`: authenticates requests by AWS signature. */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import type { Agent } from '../core/Agent'
import { checkOptions, either, object, quantity, required, type Shape, string, strings } from '../core/OptionCheck'
import { budget, type Hold } from '../node/Budget'
import { passUnchecked } from '../node/http/OpenRequests'
import { type AuthError, toAgentError } from './rules/AuthError'
import { authorizer, type Clock, createVerified, isOpen, refuse, systemClock } from './authorizer'
import { hasBody, readBytes } from './sigv4/ReadBytes'
import { type Caller, type Credentials, checkRequest, type SignatureRules } from './sigv4/SignatureVerifier'

/** Who is let in. */
export interface Sigv4Config {
  readonly credentials: Credentials | ReadonlyArray<Credentials>
  /** What callers must have signed for. */
  readonly region: string | ReadonlyArray<string>
  /** Default `bedrock-agentcore`. */
  readonly service?: string
}

/** Options of `sigv4Authorizer`. */
export interface Sigv4Options {
  /** The largest body, which is held in memory to be hashed. Default 100,000,000. */
  readonly maxBody?: number
  /**
   * How many bytes of bodies may be held at once; one more is answered with 503 `OVERLOADED`. 0 is without limit.
   * Default 200,000,000.
   */
  readonly maxBuffered?: number
  /** For how many seconds a presigned URL may be good. Default 300, as the service has it. */
  readonly maxExpires?: number
  /** Paths that are left open beside `/ping`. */
  readonly open?: ReadonlyArray<string>
  readonly clock?: Clock
}

const credentialsOrMany = either(object, {
  expected: 'an array of them',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(object.accepts),
})

const configShape: Shape<Sigv4Config> = {
  credentials: required(credentialsOrMany),
  region: required(either(string, strings)),
  service: string,
}

const optionsShape: Shape<Sigv4Options> = {
  maxBody: quantity,
  maxBuffered: quantity,
  maxExpires: quantity,
  open: strings,
  clock: object,
}

const isMany = <A>(value: A | ReadonlyArray<A>): value is ReadonlyArray<A> => Array.isArray(value)

const many = <A>(value: A | ReadonlyArray<A>): ReadonlyArray<A> => (isMany(value) ? value : [value])

const toHash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const verified = createVerified<Caller>()

/** The body as it came, which a middleware may have read already. */
const readBody = (ctx: Koa.Context, limit: number, hold: Hold): TE.TaskEither<AuthError, Buffer> => {
  const { request }: { readonly request: object } = ctx
  if ('rawBody' in request && request.rawBody instanceof Uint8Array) return TE.right(Buffer.from(request.rawBody))
  if (ctx.req.readableDidRead) throw new Error('A middleware before sigv4Authorizer has already read the body')
  return pipe(
    readBytes(limit, hold)(ctx.req),
    TE.map((rawBody) => {
      Object.assign(request, { rawBody })
      return rawBody
    }),
  )
}

const nothing = Buffer.alloc(0)

/**
 * The middleware of `sigv4Authorizer` for any Koa application. Leaves the caller in `ctx.state.caller` and the bytes of the body
 * in `ctx.request.rawBody`, or throws an error with `status` and `headers` as `ctx.throw` does.
 *
 * @example
 * ```ts
 * import { sigv4Middleware } from 'agentcore-fp/auth'
 *
 * export const middleware = sigv4Middleware({
 *   credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
 *   region: 'us-west-2',
 * })
 * ```
 */
export const sigv4Middleware = (config: Sigv4Config, options: Sigv4Options = {}): Koa.Middleware => {
  checkOptions('sigv4Middleware', configShape, config)
  checkOptions('sigv4Middleware', optionsShape, options)
  const { maxBody = 100_000_000, maxBuffered = 200_000_000, maxExpires = 300, open = [], clock = systemClock } = options
  const { credentials, region, service = 'bedrock-agentcore' } = config
  const rules: SignatureRules = { credentials: many(credentials), regions: many(region), service, maxExpires }
  const mayPass = isOpen(open)
  const bodies = budget(maxBuffered)
  return async (ctx, next) => {
    if (mayPass(ctx.path)) {
      passUnchecked(ctx.req, ctx.path)
      await next()
      return
    }
    const hold = bodies.hold()
    try {
      // What was signed is what was sent, whatever a middleware has made of it.
      const sent = { method: ctx.req.method ?? 'GET', target: ctx.originalUrl, rawHeaders: ctx.req.rawHeaders }
      const caller = await pipe(
        TE.fromEither(checkRequest(rules, clock.now())(sent)),
        TE.chain(({ verify }) =>
          pipe(
            hasBody(ctx.req) ? readBody(ctx, maxBody, hold) : TE.right<AuthError, Buffer>(nothing),
            TE.chainEitherK((body) => verify(toHash(body))),
          ),
        ),
      )()
      if (E.isLeft(caller)) return refuse(ctx, toAgentError('')(caller.left))
      ctx.state['caller'] = verified.add(caller.right)
      await next()
    } finally {
      hold.release()
    }
  }
}

/**
 * Authenticates requests by an AWS signature made with the given credentials, in headers or as a presigned URL, and provides
 * the `caller`. Other requests get 403 with the AWS name of the error; a socket gets it before the upgrade. `/ping` is open.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Handler } from 'agentcore-fp'
 * import { sigv4Authorizer } from 'agentcore-fp/auth'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * const authorizer = sigv4Authorizer({
 *   credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
 *   region: 'us-west-2',
 * })
 *
 * export const app = createApp(pipe(authorizer, entrypoint(Handler.fromSync(() => 'hello'))))
 * ```
 */
export const sigv4Authorizer = (
  config: Sigv4Config,
  options: Sigv4Options = {},
): Agent<{}, {}, { readonly caller: Caller }> => {
  checkOptions('sigv4Authorizer', configShape, config)
  checkOptions('sigv4Authorizer', optionsShape, options)
  return authorizer(
    sigv4Middleware(config, options),
    ({ caller }) => (verified.is(caller) ? { caller } : undefined),
    [],
  )
}
