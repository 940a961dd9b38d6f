/** `jwtAuthorizer`: authenticates requests by bearer token. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as Koa from 'koa'
import type { Agent } from '../core/Agent'
import { methodNotAllowed } from '../core/AgentError'
import { passUnchecked } from '../node/http/OpenRequests'
import { path } from '../core/Protocol'
import { toAgentError } from './rules/AuthError'
import { type AuthorizerConfig, warnings } from './rules/AuthorizerConfig'
import type { Claims } from './jwt/Claims'
import { authorizer, type Clock, createVerified, isOpen, refuse, systemClock } from './authorizer'
import { challenge, document, toOrigin, resourceAt } from './ResourceMetadata'
import { createTokens, type ProviderOptions } from './jwt/Tokens'

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

const verified = createVerified<Claims>()

/** The URL of the agent, or of a path of it, as the client knows it. */
const toResource = (ctx: Koa.Context, given: URL | undefined, below: string): O.Option<URL> =>
  given !== undefined
    ? O.some(given)
    : pipe(
        toOrigin(ctx.protocol, ctx.host),
        O.map((origin) => new URL(below, origin)),
      )

/**
 * The middleware of `jwtAuthorizer` for any Koa application. Leaves the claims in `ctx.state.claims`, or throws an error with
 * `status` and `headers` as `ctx.throw` does. Also serves the protected resource metadata.
 *
 * @example
 * ```ts
 * import { type AuthorizerConfig, jwtMiddleware } from 'agentcore-fp/auth'
 *
 * export const toMiddleware = (config: AuthorizerConfig.AuthorizerConfig) => jwtMiddleware(config, { open: ['/about'] })
 * ```
 */
export const jwtMiddleware = (config: AuthorizerConfig, options: JwtOptions = {}): Koa.Middleware => {
  const { open = [], resource, clock = systemClock } = options
  const mayPass = isOpen(open)
  const check = createTokens(config, { ...options, now: clock.now })

  const tell = (ctx: Koa.Context, below: string): void => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return refuse(ctx, methodNotAllowed('GET, HEAD'))
    const found = toResource(ctx, resource, below)
    if (O.isSome(found)) ctx.body = document(config, found.value)
    else ctx.status = 404
  }

  return async (ctx, next) => {
    const metadata = resourceAt(ctx.path)
    if (O.isSome(metadata)) return tell(ctx, metadata.value)
    if (mayPass(ctx.path)) {
      passUnchecked(ctx.req)
      await next()
      return
    }
    const report = (failure: unknown): void => void ctx.app.emit('error', failure, ctx)
    const claims = await check(ctx.req.rawHeaders, ctx.path === path.websocket, report)()
    if (E.isLeft(claims)) {
      const where = toResource(ctx, resource, path.invocations)
      return refuse(ctx, toAgentError(O.isSome(where) ? challenge(where.value) : 'Bearer')(claims.left))
    }
    ctx.state['claims'] = verified.add(claims.right)
    await next()
  }
}

/**
 * Authenticates requests by a bearer token that the configuration accepts, and provides its `claims`. Other requests get 401
 * `UNAUTHORIZED`, or 503 `AUTHORIZER_UNAVAILABLE` if the provider's keys could not be fetched; a socket gets it before the
 * upgrade. `/ping` and the protected resource metadata are open.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Handler } from 'agentcore-fp'
 * import { AuthorizerConfig, jwtAuthorizer } from 'agentcore-fp/auth'
 * import { pipe } from 'fp-ts/function'
 *
 * export const toApp = (config: AuthorizerConfig.AuthorizerConfig) =>
 *   createApp(pipe(jwtAuthorizer(config), entrypoint(Handler.fromSync(() => 'hello'))))
 * ```
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
