/** Inbound authentication as on the service: by the agent's JWT authorizer, or by AWS signatures. */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AuthError } from '../auth/rules/AuthError'
import { type AuthorizerConfig, authorizationServer } from '../auth/rules/AuthorizerConfig'
import { isSigned, type SentRequest } from '../auth/sigv4/SignatureProof'
import { type Credentials, checkRequest, type SignatureRules } from '../auth/sigv4/SignatureVerifier'
import { createTokens } from '../auth/jwt/Tokens'
import type { Log } from '../core/Log'
import type { Authorize, Refusal } from './dataplane/CallerAuthorizer'
import type { Clock } from '../node/Clock'
import type { ProtectedResource } from './dataplane/Options'

/** Authenticates callers of the data plane. */
export interface InboundAuth {
  readonly authorize: Authorize
  /** The metadata for callers without a token. */
  readonly protectedResource?: ProtectedResource
}

const unauthorized = (message: string): Refusal => ({ _tag: 'Unauthorized', message })

const denied = (message: string): Refusal => ({ _tag: 'AccessDenied', message })

/** For a signature where the agent is configured for tokens, as the service words it. */
const methodMismatch = denied(
  'Authorization method mismatch. The agent is configured for a different authorization method than what was used in ' +
    "your request. Check the agent's authorization configuration and ensure your request uses the matching method " +
    '(OAuth or SigV4)',
)

/** Maps an authentication error to a response: as on the service, 401 for tokens and 403 for signatures. */
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
      // Of a request in order, only a bearer token is refused so.
      return error.name === 'AccessDeniedException' ? methodMismatch : denied(error.reason)
    case 'BodyTooLarge':
      return denied(`The body is larger than ${error.limit} bytes`)
    case 'TooManyBodies':
      return denied('Too many large requests in flight')
    case 'ClientLeft':
      return denied('The client closed the connection')
  }
}

/** Authenticates by the agent's JWT authorizer. The provider is first contacted when a token arrives. */
export const jwtAuth = (config: AuthorizerConfig, { now }: Clock, log: Log): InboundAuth => {
  const check = createTokens(config, { now })
  const { allowedScopes } = config.customJWTAuthorizer
  const report = (failure: unknown): void =>
    log.warn('Could not refresh the signing keys; verifying tokens with cached keys', { error: failure })()
  return {
    authorize: (request) =>
      pipe(
        check(request.rawHeaders, request.isForSocket, report),
        TE.bimap(
          (error) => {
            if (error._tag === 'ProviderUnavailable')
              log.error("Could not fetch the provider's signing keys", { error: error.cause })()
            return error._tag === 'NoToken' && isSigned(request) ? methodMismatch : toRefusal(error)
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

/** The longest validity of a presigned URL, in seconds: that of the service. */
const maxExpires = 300

const toHash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The `Host` of a request without its port. */
const withoutPort = (rawHeaders: ReadonlyArray<string>): ReadonlyArray<string> =>
  rawHeaders.map((value, at) =>
    at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host' ? value.replace(/:\d+$/, '') : value,
  )

/**
 * Checks a signature, once the body is read. The official clients leave the port out of the host when they presign a URL,
 * which is right for the service, so a presigned URL may name the host in either form.
 */
const toCheck =
  (rules: SignatureRules, now: number) =>
  (request: SentRequest): E.Either<AuthError, (bodyHash: string) => E.Either<AuthError, unknown>> =>
    pipe(
      checkRequest(rules, now)(request),
      E.map(({ caller, verify }) =>
        caller.isPresigned
          ? (bodyHash: string) =>
              pipe(
                verify(bodyHash),
                E.alt(() =>
                  pipe(
                    checkRequest(rules, now)({ ...request, rawHeaders: withoutPort(request.rawHeaders) }),
                    E.chain((other) => other.verify(bodyHash)),
                  ),
                ),
              )
          : verify,
      ),
    )

/**
 * Authenticates by SigV4 with the given credentials and region. Credentials are loaded for each request, since they may
 * be temporary; without any, every request is rejected.
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
        log.error('No AWS credentials found to verify signatures', { error })()
        return denied('This runtime has no AWS credentials to verify signatures')
      }),
      TE.chainEitherK((known) =>
        pipe(
          { method, target, rawHeaders },
          toCheck({ credentials: [known], regions: [region], service: 'bedrock-agentcore', maxExpires }, now()),
          E.mapLeft(toRefusal),
        ),
      ),
      TE.chain((verify) =>
        pipe(
          isForSocket
            ? TE.right<Refusal, Uint8Array>(new Uint8Array())
            : TE.tryCatch(body, () => denied('Could not read the body')),
          TE.chainEitherK((bytes) => pipe(verify(toHash(bytes)), E.mapLeft(toRefusal))),
        ),
      ),
      TE.map(() => ({ scheme: 'sigv4' })),
    ),
})
