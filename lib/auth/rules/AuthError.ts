/**
 * Why a request was rejected, as a closed union. The fold `toAgentError` says what the wire shows of it. No case
 * holds a token, a signature or a key, so that none can come into an answer or a log line.
 */
import {
  type AgentError,
  authorizerUnavailable,
  type AwsErrorName,
  awsRefused,
  cancelled,
  overloaded,
  payloadTooLarge,
  unauthorized,
} from '../../core/AgentError'

/** Why a request was rejected. */
export type AuthError =
  | { readonly _tag: 'NoToken' }
  | { readonly _tag: 'BadToken'; readonly reason: string }
  | { readonly _tag: 'ClaimMismatch'; readonly claim: string }
  | { readonly _tag: 'ProviderUnavailable'; readonly cause: unknown; readonly retryAfter: number }
  | { readonly _tag: 'SignatureRefused'; readonly name: AwsErrorName; readonly reason: string }
  | { readonly _tag: 'BodyTooLarge'; readonly limit: number }
  | { readonly _tag: 'TooManyBodies' }
  | { readonly _tag: 'ClientLeft' }

/** No bearer token came with the request. */
export const noToken: AuthError = { _tag: 'NoToken' }

/** The token is malformed, not valid now, or not signed by the provider. */
export const badToken = (reason: string): AuthError => ({ _tag: 'BadToken', reason })

/** The token is the provider's, but not one that the configuration lets in. */
export const claimMismatch = (claim: string): AuthError => ({ _tag: 'ClaimMismatch', claim })

/** The provider's signing keys could not be fetched. `retryAfter` is in milliseconds. */
export const providerUnavailable = (cause: unknown, retryAfter: number): AuthError => ({
  _tag: 'ProviderUnavailable',
  cause,
  retryAfter,
})

/** The AWS signature is missing or not good enough. */
export const signatureRefused = (name: AwsErrorName, reason: string): AuthError => ({
  _tag: 'SignatureRefused',
  name,
  reason,
})

/** No AWS signature came with the request. */
export const noSignature: AuthError = signatureRefused(
  'MissingAuthenticationTokenException',
  'Missing Authentication Token',
)

/** The body, which must be hashed, has more than `limit` bytes. */
export const bodyTooLarge = (limit: number): AuthError => ({ _tag: 'BodyTooLarge', limit })

/** The bodies that are held at the moment leave no room for this one. */
export const tooManyBodies: AuthError = { _tag: 'TooManyBodies' }

/** The client left before its body had come. */
export const clientLeft: AuthError = { _tag: 'ClientLeft' }

/** What the wire shows of it, given the challenge for those who come without a good token. */
export const toAgentError =
  (challenge: string) =>
  (error: AuthError): AgentError => {
    switch (error._tag) {
      case 'NoToken':
        return unauthorized('Missing bearer token', challenge)
      case 'BadToken':
        return unauthorized(error.reason, challenge)
      case 'ClaimMismatch':
        return unauthorized(`Claim '${error.claim}' value mismatch with configuration.`, challenge)
      case 'ProviderUnavailable':
        return authorizerUnavailable(error.cause, Math.max(1, Math.ceil(error.retryAfter / 1000)))
      case 'SignatureRefused':
        return awsRefused(error.name, error.reason)
      case 'BodyTooLarge':
        return payloadTooLarge(error.limit)
      case 'TooManyBodies':
        return overloaded()
      case 'ClientLeft':
        return cancelled
    }
  }
