/** The claims of a verified token, and whether a configuration accepts them. Pure. */
import * as E from 'fp-ts/Either'
import { deepFreeze } from '../../core/deepFreeze'
import type { CustomClaim, CustomJWTAuthorizer } from '../rules/AuthorizerConfig'
import { type AuthError, badToken, claimMismatch } from '../rules/AuthError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The claims of a token that was verified. Those that are registered by RFC 7519 have their types, others are unknown. */
export interface Claims {
  readonly iss: string
  readonly exp: number
  readonly sub?: string
  readonly aud?: string | ReadonlyArray<string>
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [name: string]: unknown
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The payload of a token, before anything is known of it. */
export type Payload = Readonly<Record<string, unknown>>

const isText = (value: unknown): value is string => typeof value === 'string'

const isNumber = (value: unknown): value is number => typeof value === 'number'

const isList = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isText)

const isOptional =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || is(value)

const registered: Readonly<Record<string, (value: unknown) => boolean>> = {
  iss: isText,
  exp: isNumber,
  sub: isOptional(isText),
  aud: isOptional((value) => isText(value) || isList(value)),
  nbf: isOptional(isNumber),
  iat: isOptional(isNumber),
  jti: isOptional(isText),
}

const own = (payload: Payload, name: string): unknown => (Object.hasOwn(payload, name) ? payload[name] : undefined)

const flawIn = (payload: Payload): string | undefined =>
  Object.keys(registered).find((name) => registered[name]?.(own(payload, name)) !== true)

const isClaims = (payload: Payload): payload is Claims => flawIn(payload) === undefined

/** The claims that a payload holds, frozen. Left: a registered claim is missing or of another type. */
export const fromPayload = (payload: Payload): E.Either<AuthError, Claims> =>
  isClaims(payload)
    ? E.right(deepFreeze(payload))
    : E.left(badToken(`Claim '${flawIn(payload) ?? ''}' is missing or malformed`))

// ---------------------------------------------------------------------------------------------------------------------
// the check
// ---------------------------------------------------------------------------------------------------------------------

const anyOf = (allowed: ReadonlyArray<string>, given: ReadonlyArray<string>): boolean =>
  allowed.some((value) => given.includes(value))

/** A claim as a list: of a string that string, of anything but strings nothing. */
const toList = (value: unknown): ReadonlyArray<string> => (isText(value) ? [value] : isList(value) ? value : [])

const toScopes = (value: unknown): ReadonlyArray<string> => (isText(value) ? value.split(' ') : [])

const matches = ({ inboundTokenClaimValueType, authorizingClaimMatchValue }: CustomClaim, value: unknown): boolean => {
  const { claimMatchOperator, claimMatchValue } = authorizingClaimMatchValue
  const { matchValueString: one, matchValueStringList: many = [] } = claimMatchValue
  if (inboundTokenClaimValueType === 'STRING') {
    if (!isText(value) || one === undefined) return false
    return claimMatchOperator === 'EQUALS' ? value === one : value.includes(one)
  }
  if (!isList(value)) return false
  return claimMatchOperator === 'CONTAINS_ANY' ? anyOf(many, value) : one !== undefined && value.includes(one)
}

/**
 * Whether a configuration lets these claims in: each check that it makes must pass, by any member of its list. Left: the
 * first claim that does not.
 */
export const check =
  ({ allowedAudience, allowedClients, allowedScopes, customClaims = [] }: CustomJWTAuthorizer) =>
  (claims: Claims): E.Either<AuthError, Claims> => {
    const value = (name: string): unknown => own(claims, name)
    const refuses = (allowed: ReadonlyArray<string> | undefined, given: ReadonlyArray<string>): boolean =>
      allowed !== undefined && !anyOf(allowed, given)
    const client = value('client_id')
    if (refuses(allowedAudience, toList(value('aud')))) return E.left(claimMismatch('aud'))
    if (refuses(allowedClients, isText(client) ? [client] : [])) return E.left(claimMismatch('client_id'))
    if (refuses(allowedScopes, toScopes(value('scope')))) return E.left(claimMismatch('scope'))
    const failed = customClaims.find((custom) => !matches(custom, value(custom.inboundTokenClaimName)))
    return failed === undefined ? E.right(claims) : E.left(claimMismatch(failed.inboundTokenClaimName))
  }
