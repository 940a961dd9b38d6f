/** `jwtAuthorizer`: authenticates requests by bearer token. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import type { Agent } from '../core/Agent'
import { methodNotAllowed } from '../core/AgentError'
import { type Codec, decode } from '../core/Codec'
import { passUnchecked } from '../node/http/OpenRequests'
import { checkOptions, either, func, group, object, quantity, type Shape, strings } from '../core/OptionCheck'
import { path } from '../core/Protocol'
import { type AuthError, claimMismatch, toAgentError } from './rules/AuthError'
import { type AuthorizerConfig, codec as configCodec, decodeOrThrow, warnings } from './rules/AuthorizerConfig'
import type { Claims } from './jwt/Claims'
import { authorizer, type Clock, isOpen, refuse, systemClock } from './authorizer'
import { challenge, document, toOrigin, resourceAt } from './ResourceMetadata'
import { createTokens, type ProviderOptions, providerOptions } from './jwt/Tokens'

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

const shape: Shape<JwtOptions> = {
  clockTolerance: quantity,
  open: strings,
  resource: object,
  provider: group(providerOptions),
  clock: object,
}

const typedShape: Shape<TypedJwtOptions<unknown>> = { ...shape, claims: either(object, func) }

/** A configuration that JavaScript has passed without decoding it. Throws for an invalid one, with every issue. */
const decoded = (config: AuthorizerConfig): AuthorizerConfig =>
  configCodec.is(config) ? config : decodeOrThrow(config)

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
  checkOptions('jwtMiddleware', shape, options)
  return toMiddleware(decoded(config), options, (claims) => Promise.resolve(E.right(claims)))
}

const toMiddleware = (config: AuthorizerConfig, options: JwtOptions, admit: Admit<Claims>): Koa.Middleware => {
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
      passUnchecked(ctx.req, ctx.path)
      await next()
      return
    }
    const report = (failure: unknown): void => void ctx.app.emit('error', failure, ctx)
    const claims = await pipe(
      check(ctx.req.rawHeaders, ctx.path === path.websocket, report),
      TE.chain((found) => () => admit(found)),
    )()
    if (E.isLeft(claims)) {
      const where = toResource(ctx, resource, path.invocations)
      return refuse(ctx, toAgentError(O.isSome(where) ? challenge(where.value) : 'Bearer')(claims.left))
    }
    ctx.state['claims'] = claims.right
    await next()
  }
}

/** Options of `jwtAuthorizer` with a codec for the claims. */
export interface TypedJwtOptions<A> extends JwtOptions {
  /** Decodes the verified claims: an io-ts codec or any Standard Schema (zod, valibot, arktype). */
  readonly claims: Codec<A>
}

/**
 * Authenticates requests by a bearer token that the configuration accepts, and provides its `claims`: as they are, or as the
 * codec `claims` decodes them. Other requests get 401 `UNAUTHORIZED`, also if the codec rejects the claims, or 503
 * `AUTHORIZER_UNAVAILABLE` if the provider's keys could not be fetched; a socket gets it before the upgrade. `/ping` and the
 * protected resource metadata are open.
 *
 * @example
 * ```ts
 * import { type Context, createApp, entrypoint, pipe } from 'agentcore-fp/plain'
 * import { AuthorizerConfig, jwtAuthorizer } from 'agentcore-fp/auth'
 * import { z } from 'zod'
 *
 * const Tenant = z.object({ sub: z.string(), tenant: z.string() })
 *
 * const hello = entrypoint(
 *   (_, { state }: Context<{ readonly claims: z.infer<typeof Tenant> }>) => `Hello from ${state.claims.tenant}`,
 * )
 *
 * export const toApp = (config: AuthorizerConfig.AuthorizerConfig) =>
 *   createApp(pipe(jwtAuthorizer(config, { claims: Tenant }), hello))
 * ```
 */
export function jwtAuthorizer<A>(
  config: AuthorizerConfig,
  options: TypedJwtOptions<A>,
): Agent<{}, {}, { readonly claims: A }>
export function jwtAuthorizer(
  config: AuthorizerConfig,
  options?: JwtOptions,
): Agent<{}, {}, { readonly claims: Claims }>
export function jwtAuthorizer<A>(
  given: AuthorizerConfig,
  options: JwtOptions & Partial<TypedJwtOptions<A>> = {},
): Agent<{}, {}, { readonly claims: A }> | Agent<{}, {}, { readonly claims: Claims }> {
  checkOptions('jwtAuthorizer', typedShape, options)
  const config = decoded(given)
  const { claims: codec } = options
  if (codec === undefined) return guard<Claims>(config, options, async (claims) => E.right(claims))
  const decodeClaims = decode(codec)
  return guard<A>(config, options, async (claims) =>
    pipe(
      await decodeClaims(claims),
      E.mapLeft(([issue]) => claimMismatch(issue?.path ?? '')),
    ),
  )
}

/** What a verified token is turned into, unless its claims are refused. */
type Admit<A> = (claims: Claims) => Promise<E.Either<AuthError, A>>

const guard = <A>(
  config: AuthorizerConfig,
  options: JwtOptions,
  admit: Admit<A>,
): Agent<{}, {}, { readonly claims: A }> => {
  // `ctx.state.claims` stays the claims of the token, for other middleware.
  const admitted = new WeakMap<object, { readonly claims: A }>()
  return authorizer(
    toMiddleware(config, options, async (claims) =>
      pipe(
        await admit(claims),
        E.map((value) => {
          admitted.set(claims, { claims: value })
          return claims
        }),
      ),
    ),
    ({ claims }) => (typeof claims === 'object' && claims !== null ? admitted.get(claims) : undefined),
    warnings(config),
  )
}
