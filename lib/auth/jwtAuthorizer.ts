/** `jwtAuthorizer`: lets in whoever brings a bearer token that the configuration allows. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import type { Agent } from '../core/Agent'
import { methodNotAllowed } from '../core/AgentError'
import { path } from '../core/Protocol'
import { toAgentError } from './AuthError'
import { type AuthorizerConfig, warnings } from './AuthorizerConfig'
import { bearerOf } from './Bearer'
import type { Claims } from './Claims'
import { discover, type Provider } from './Discovery'
import { explain, type FetchLimits } from './Fetch'
import { authorizer, type Clock, createVerified, isOpen, refuse, systemClock } from './Guard'
import { createKeyring, type KeepingTimes } from './Jwks'
import { authorize } from './Jwt'
import { challenge, document, originOf, resourceAt } from './ResourceMetadata'

/** Options of `jwtAuthorizer`. Durations are milliseconds. */
export interface JwtOptions {
  /** How far the clocks of the provider and of this machine may be apart. Default 60,000. */
  readonly clockTolerance?: number
  /** Paths that are left open beside `/ping`. */
  readonly open?: ReadonlyArray<string>
  /** The URL that clients know the agent by. Default: that of the request. */
  readonly resource?: URL
  readonly provider?: ProviderOptions
  readonly clock?: Clock
}

/** How the provider is asked, and how long its keys are kept. */
export interface ProviderOptions {
  /** How long a document of the provider may take. Default 5000. */
  readonly timeout?: number
  /** How many bytes it may have. Default 1,048,576. */
  readonly maxBytes?: number
  /** After how long the keys are asked for again. Default 600,000. */
  readonly maxAge?: number
  /** For how long the keys serve while the provider is down. Default 86,400,000. */
  readonly maxStale?: number
  /** How long a key that is not known is no reason to ask again. Default 10,000. */
  readonly cooldown?: number
  /** How long after a failure the provider is not asked again. Default 1000. */
  readonly retry?: number
}

const defaults: FetchLimits & KeepingTimes = {
  timeout: 5000,
  maxBytes: 1_048_576,
  maxAge: 600_000,
  maxStale: 86_400_000,
  cooldown: 10_000,
  retry: 1000,
}

const verified = createVerified<Claims>()

/** The URL of the agent, or of a path of it, as the client knows it. */
const resourceOf = (ctx: Koa.Context, given: URL | undefined, below: string): O.Option<URL> =>
  given !== undefined
    ? O.some(given)
    : pipe(
        originOf(ctx.protocol, ctx.host),
        O.map((origin) => new URL(below, origin)),
      )

/**
 * The middleware of `jwtAuthorizer` alone, for any Koa application: leaves the claims in `ctx.state.claims`, or throws an
 * error with `status` and `headers` as `ctx.throw` does. Serves the metadata of the resource.
 */
export const jwtMiddleware = (config: AuthorizerConfig, options: JwtOptions = {}): Koa.Middleware => {
  const { clockTolerance = 60_000, open = [], resource, clock = systemClock } = options
  const provider = { ...defaults, ...options.provider }
  const { discoveryUrl } = config.customJWTAuthorizer
  const mayPass = isOpen(open)
  const ask = pipe(
    discover(provider)(discoveryUrl),
    TE.mapLeft((error) => new Error(explain(error), 'cause' in error ? { cause: error.cause } : {})),
  )
  const keyring = createKeyring<Provider>(provider, clock.now, ask)
  const env = { now: clock.now, clockTolerance, keyring }

  const tell = (ctx: Koa.Context, below: string): void => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return refuse(ctx, methodNotAllowed('GET, HEAD'))
    const found = resourceOf(ctx, resource, below)
    if (O.isSome(found)) ctx.body = document(config, found.value)
    else ctx.status = 404
  }

  return async (ctx, next) => {
    const metadata = resourceAt(ctx.path)
    if (O.isSome(metadata)) return tell(ctx, metadata.value)
    if (mayPass(ctx.path)) {
      await next()
      return
    }
    const report = (failure: unknown): void => void ctx.app.emit('error', failure, ctx)
    const claims = await pipe(
      TE.fromEither(bearerOf(ctx.req.rawHeaders, ctx.path === path.websocket)),
      TE.chain(authorize(config, { ...env, report })),
    )()
    if (E.isLeft(claims)) {
      const where = resourceOf(ctx, resource, path.invocations)
      return refuse(ctx, toAgentError(O.isSome(where) ? challenge(where.value) : 'Bearer')(claims.left))
    }
    ctx.state['claims'] = verified.add(claims.right)
    await next()
  }
}

/**
 * Lets in whoever brings a bearer token that the configuration allows, and provides its `claims`. Others get 401
 * `UNAUTHORIZED`, or 503 `AUTHORIZER_UNAVAILABLE` where the provider's keys cannot be had; a socket gets it before the
 * upgrade. `/ping` and the metadata of the resource are open.
 */
export const jwtAuthorizer = (
  config: AuthorizerConfig,
  options: JwtOptions = {},
): Agent<{}, {}, { readonly claims: Claims }> =>
  authorizer(
    jwtMiddleware(config, options),
    ({ claims }) => (verified.is(claims) ? { claims } : undefined),
    warnings(config),
  )
