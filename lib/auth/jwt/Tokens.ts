/** Verifies the bearer tokens of requests against one configuration, with a shared cache of the provider's keys. */
import type { IO } from 'fp-ts/IO'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { boolean, quantity, type Shape } from '../../core/OptionCheck'
import type { AuthError } from '../rules/AuthError'
import type { AuthorizerConfig } from '../rules/AuthorizerConfig'
import { parseBearer } from './Bearer'
import type { Claims } from './Claims'
import { discover, type Provider } from './Discovery'
import { explain, type FetchLimits } from './Fetch'
import { createKeyCache, type CacheTimes, type KeyCache, type Report } from './Jwks'
import { authorize } from './Jwt'

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
  /**
   * Whether a discovery document that names another issuer than its own URL is rejected, as OpenID Connect asks for.
   * Default false: it is reported once, since Microsoft Entra ID (version 1) and Azure AD B2C deviate by design.
   */
  readonly matchIssuer?: boolean
}

/** Their shape. */
export const providerOptions: Shape<ProviderOptions> = {
  timeout: quantity,
  maxBytes: quantity,
  maxAge: quantity,
  maxStale: quantity,
  cooldown: quantity,
  retry: quantity,
  matchIssuer: boolean,
}

const defaults: FetchLimits & CacheTimes = {
  timeout: 5000,
  maxBytes: 1_048_576,
  maxAge: 600_000,
  maxStale: 86_400_000,
  cooldown: 10_000,
  retry: 1000,
}

/** What tokens are checked with. Durations are milliseconds. */
export interface TokenOptions {
  readonly now: IO<number>
  /** How far the clocks of the provider and of this machine may be apart. Default 60,000. */
  readonly clockTolerance?: number | undefined
  readonly provider?: ProviderOptions | undefined
}

/**
 * The claims of the one bearer token that a request brings, in its header or, where it is for a socket, in a
 * subprotocol. `report` takes a failure of the provider that is survived. Left: no token, one that is not let in, or
 * keys that cannot be had.
 */
export type CheckToken = (
  rawHeaders: ReadonlyArray<string>,
  isForSocket: boolean,
  report: Report,
) => TE.TaskEither<AuthError, Claims>

/** The check of tokens that a configuration asks for. Nothing is fetched before the first token. */
export const createTokens = (
  config: AuthorizerConfig,
  { now, clockTolerance = 60_000, provider: given }: TokenOptions,
): CheckToken => {
  const provider = { ...defaults, ...given }
  const ask = pipe(
    discover(provider, given?.matchIssuer)(config.customJWTAuthorizer.discoveryUrl),
    TE.mapLeft((error) => new Error(explain(error), 'cause' in error ? { cause: error.cause } : {})),
  )
  const keys = createKeyCache<Provider>(provider, now, ask)
  let isReported = false
  const keyring: KeyCache<Provider> = {
    take: (want, report) =>
      pipe(
        keys.take(want, report),
        TE.map((found) => {
          if (!isReported && found.issuerFault !== undefined)
            report(new Error(`The provider's discovery document ${found.issuerFault}`))
          isReported = true
          return found
        }),
      ),
  }
  return (rawHeaders, isForSocket, report) =>
    pipe(
      TE.fromEither(parseBearer(rawHeaders, isForSocket)),
      TE.chain(authorize(config, { now, clockTolerance, keyring, report })),
    )
}
