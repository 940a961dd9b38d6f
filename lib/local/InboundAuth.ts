/** Inbound authentication as the service has it: the agent's JWT authorizer, or AWS signatures, by the auth layer. */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AuthError } from '../auth/rules/AuthError'
import { type AuthorizerConfig, authorizationServer } from '../auth/rules/AuthorizerConfig'
import { type Credentials, checkRequest } from '../auth/sigv4/SignatureVerifier'
import { createTokens } from '../auth/jwt/Tokens'
import type { Log } from '../core/Log'
import type { Authorize, Refusal } from './dataplane/CallerAuthorizer'
import type { Clock } from '../node/Clock'
import type { ProtectedResource } from './dataplane/Options'

/** Who is let in on the data plane. */
export interface InboundAuth {
  readonly authorize: Authorize
  /** What callers without a token are told. */
  readonly protectedResource?: ProtectedResource
}

const unauthorized = (message: string): Refusal => ({ _tag: 'Unauthorized', message })

const denied = (message: string): Refusal => ({ _tag: 'AccessDenied', message })

/** What a caller is told. The service answers 401 to tokens and 403 to signatures that it does not take. */
const toRefusal = (error: AuthError): Refusal => {
  switch (error._tag) {
    case 'NoToken':
      return unauthorized('Missing Authentication Token')
    case 'BadToken':
      return unauthorized(`OAuth authorization failed: ${error.reason}`)
    case 'ClaimMismatch':
      return unauthorized(`OAuth authorization failed: Claim '${error.claim}' value mismatch with configuration.`)
    case 'ProviderUnavailable':
      return unauthorized("OAuth authorization failed: could not fetch the provider's signing keys")
    case 'SignatureRefused':
      return denied(error.reason)
    case 'BodyTooLarge':
      return denied(`The body is larger than ${error.limit} bytes`)
    case 'TooManyBodies':
      return denied('Too many large requests are being read')
    case 'ClientLeft':
      return denied('The caller has left')
  }
}

/** Lets in by the agent's JWT authorizer. Nothing is asked of the provider before the first token. */
export const jwtAuth = (config: AuthorizerConfig, { now }: Clock, log: Log): InboundAuth => {
  const check = createTokens(config, { now })
  const { allowedScopes } = config.customJWTAuthorizer
  const report = (failure: unknown): void =>
    log.warn('The OpenID provider has a problem; tokens are still checked', { error: failure })()
  return {
    authorize: ({ rawHeaders, isForSocket }) =>
      pipe(
        check(rawHeaders, isForSocket, report),
        TE.bimap(
          (error) => {
            if (error._tag === 'ProviderUnavailable')
              log.error("Could not fetch the provider's signing keys", { error: error.cause })()
            return toRefusal(error)
          },
          () => ({ scheme: 'jwt' }),
        ),
      ),
    protectedResource: {
      authorizationServers: [authorizationServer(config)],
      ...(allowedScopes === undefined ? {} : { scopes: allowedScopes }),
    },
  }
}

/** How long a presigned URL may be good, in seconds, as the service has it. */
const maxExpires = 300

const toHash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Lets in whoever signs with the given credentials, for the given region. They are asked for with each request, since
 * they may be temporary; without them every request is refused.
 */
export const sigv4Auth = (
  credentials: TE.TaskEither<unknown, Credentials>,
  region: string,
  { now }: Clock,
  log: Log,
): InboundAuth => ({
  authorize: ({ method, target, rawHeaders, isForSocket, body }) =>
    pipe(
      credentials,
      TE.mapLeft((error) => {
        log.error('There are no AWS credentials to check signatures with', { error })()
        return denied('This runtime has no AWS credentials to check signatures with')
      }),
      TE.chainEitherK((known) =>
        pipe(
          checkRequest(
            { credentials: [known], regions: [region], service: 'bedrock-agentcore', maxExpires },
            now(),
          )({ method, target, rawHeaders }),
          E.mapLeft(toRefusal),
        ),
      ),
      TE.chain(({ verify }) =>
        pipe(
          isForSocket
            ? TE.right<Refusal, Uint8Array>(new Uint8Array())
            : TE.tryCatch(body, () => denied('The body cannot be read')),
          TE.chainEitherK((bytes) => pipe(verify(toHash(bytes)), E.mapLeft(toRefusal))),
        ),
      ),
      TE.map(() => ({ scheme: 'sigv4' })),
    ),
})
