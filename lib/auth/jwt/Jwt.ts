/** Verifies a bearer token: signed by the provider, valid now, and accepted by the configuration. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type * as TE from 'fp-ts/TaskEither'
import type { CryptoKey, JWSHeaderParameters, JWTPayload } from 'jose' with { 'resolution-mode': 'import' }
import { errorCode } from '../../node/SystemError'
import { type AuthError, badToken } from '../rules/AuthError'
import type { AuthorizerConfig } from '../rules/AuthorizerConfig'
import { check, type Claims, fromPayload } from './Claims'
import type { Provider } from './Discovery'
import type { KeyCache, Report } from './Jwks'

/** What the check of a token stands on. */
export interface JwtEnv {
  readonly now: IO<number>
  /** How far the clocks may be apart, in milliseconds. */
  readonly clockTolerance: number
  readonly keyring: KeyCache<Provider>
  /** Takes a failure of the provider that is survived. */
  readonly report: Report
}

/** Signatures that only the provider can make: a secret that both sides share is none, and neither is `none`. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** How many keys are tried for a token that does not say which one it was signed with. */
const mostKeys = 8

const toClaim = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'claim' in cause ? cause.claim : undefined

const notSigned = badToken('The token is not signed with a key of the provider')

/** Why jose refuses a token. Its own messages may hold what the token says. */
const toReason = (cause: unknown): AuthError => {
  switch (errorCode(cause)) {
    case 'ERR_JWT_EXPIRED':
      return badToken('The token has expired')
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return notSigned
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
    case 'ERR_JOSE_NOT_SUPPORTED':
      return badToken('The token is signed with an algorithm that is not allowed')
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return reasonOfClaim(toClaim(cause))
    default:
      return badToken('The token is malformed')
  }
}

const reasonOfClaim = (claim: unknown): AuthError => {
  if (claim === 'nbf') return badToken('The token is not valid yet')
  if (claim === 'iss') return badToken('The token was issued by another issuer')
  return badToken("Claim 'exp' or another required claim is missing or malformed")
}

/** The keys that a token may be signed with. */
const keysFor = async function* ({ keys }: Provider, header: JWSHeaderParameters): AsyncGenerator<CryptoKey> {
  try {
    yield await keys(header)
  } catch (cause) {
    if (errorCode(cause) !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw cause
    const many = cause as AsyncIterable<CryptoKey> // as jose documents it
    let count = 0
    for await (const key of many) {
      count += 1
      if (count > mostKeys) return
      yield key
    }
  }
}

const verified = async (
  token: string,
  provider: Provider,
  { now, clockTolerance }: JwtEnv,
): Promise<E.Either<AuthError, JWTPayload>> => {
  const { decodeProtectedHeader, jwtVerify } = await import('jose')
  try {
    for await (const key of keysFor(provider, decodeProtectedHeader(token))) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms,
          issuer: provider.issuer,
          requiredClaims: ['exp'],
          clockTolerance: clockTolerance / 1000,
          currentDate: new Date(now()),
        })
        return E.right(payload)
      } catch (cause) {
        if (errorCode(cause) !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return E.left(toReason(cause))
      }
    }
    return E.left(notSigned)
  } catch (cause) {
    return E.left(toReason(cause))
  }
}

/**
 * Whether a token is worth asking the provider for its keys. Rejects if jose cannot be loaded, as in Jest without
 * `--experimental-vm-modules`: the caller's token is not to blame for that.
 */
const findFlaw = async (token: string): Promise<AuthError | undefined> => {
  const { decodeProtectedHeader } = await import('jose')
  try {
    const { alg } = decodeProtectedHeader(token)
    return alg !== undefined && algorithms.includes(alg)
      ? undefined
      : badToken('The token is signed with an algorithm that is not allowed')
  } catch (cause) {
    return toReason(cause)
  }
}

/** Verifies a token and returns its claims. */
export const authorize =
  ({ customJWTAuthorizer }: AuthorizerConfig, env: JwtEnv) =>
  (token: string): TE.TaskEither<AuthError, Claims> =>
  async () => {
    const flaw = await findFlaw(token)
    if (flaw !== undefined) return E.left(flaw)
    const held = await env.keyring.take('Any', env.report)()
    if (E.isLeft(held)) return held
    const first = await verified(token, held.right, env)
    const payload = await again(token, held.right, first, env)
    if (E.isLeft(payload)) return payload
    const claims = fromPayload(payload.right)
    return E.isLeft(claims) ? claims : check(customJWTAuthorizer)(claims.right)
  }

/** Retries with fresh keys when no cached key has signed the token: the provider may have rotated them. */
const again = async (
  token: string,
  known: Provider,
  first: E.Either<AuthError, JWTPayload>,
  env: JwtEnv,
): Promise<E.Either<AuthError, JWTPayload>> => {
  if (E.isRight(first) || first.left !== notSigned) return first
  const newer = await env.keyring.take('Newer', env.report)()
  return E.isLeft(newer) || newer.right === known ? first : verified(token, newer.right, env)
}
