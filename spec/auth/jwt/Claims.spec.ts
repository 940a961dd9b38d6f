/** Which claims a configuration lets in: every check that it makes, by any member of its list. */
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import type { ClaimMatchOperator, CustomClaim, CustomJWTAuthorizer } from '../../../lib/auth/rules/AuthorizerConfig'
import { badToken, claimMismatch } from '../../../lib/auth/rules/AuthError'
import { check, fromPayload } from '../../../lib/auth/jwt/Claims'

const discoveryUrl = 'https://a/.well-known/openid-configuration'
const bare = { iss: 'https://a', exp: 1 }

const custom = (
  type: CustomClaim['inboundTokenClaimValueType'],
  operator: ClaimMatchOperator,
  value: string | ReadonlyArray<string>,
  name = 'x',
): CustomClaim => ({
  inboundTokenClaimName: name,
  inboundTokenClaimValueType: type,
  authorizingClaimMatchValue: {
    claimMatchOperator: operator,
    claimMatchValue: typeof value === 'string' ? { matchValueString: value } : { matchValueStringList: value },
  },
})

const refusedClaim = (config: Omit<CustomJWTAuthorizer, 'discoveryUrl'>, claims: object): string | undefined => {
  const checked = check({ discoveryUrl, ...config })({ ...bare, ...claims })
  return E.isRight(checked) || checked.left._tag !== 'ClaimMismatch' ? undefined : checked.left.claim
}

describe('check', () => {
  it.each<[string, Omit<CustomJWTAuthorizer, 'discoveryUrl'>, object, string | undefined]>([
    ['an audience', { allowedAudience: ['a', 'b'] }, { aud: 'b' }, undefined],
    ['one of many audiences', { allowedAudience: ['a'] }, { aud: ['z', 'a'] }, undefined],
    ['another audience', { allowedAudience: ['a'] }, { aud: ['z'] }, 'aud'],
    ['a part of an audience', { allowedAudience: ['a'] }, { aud: 'ab' }, 'aud'],
    ['no audience', { allowedAudience: ['a'] }, {}, 'aud'],
    ['a client', { allowedClients: ['c', 'd'] }, { client_id: 'd' }, undefined],
    ['another client', { allowedClients: ['c'] }, { client_id: 'x' }, 'client_id'],
    ['a client in azp', { allowedClients: ['c'] }, { azp: 'c' }, 'client_id'],
    ['a client in aud', { allowedClients: ['c'] }, { aud: 'c' }, 'client_id'],
    ['a list of clients', { allowedClients: ['c'] }, { client_id: ['c'] }, 'client_id'],
    ['a scope', { allowedScopes: ['r', 'w'] }, { scope: 'x w' }, undefined],
    ['another scope', { allowedScopes: ['r'] }, { scope: 'rw' }, 'scope'],
    ['a scope in a list', { allowedScopes: ['r'] }, { scope: ['r'] }, 'scope'],
    ['a string that is equal', { customClaims: [custom('STRING', 'EQUALS', 'a')] }, { x: 'a' }, undefined],
    ['a string that is not', { customClaims: [custom('STRING', 'EQUALS', 'a')] }, { x: 'ab' }, 'x'],
    ['a list where a string should be', { customClaims: [custom('STRING', 'EQUALS', 'a')] }, { x: ['a'] }, 'x'],
    ['a string that contains', { customClaims: [custom('STRING', 'CONTAINS', 'a')] }, { x: 'bab' }, undefined],
    ['a string that does not', { customClaims: [custom('STRING', 'CONTAINS', 'a')] }, { x: 'b' }, 'x'],
    ['a list that contains', { customClaims: [custom('STRING_ARRAY', 'CONTAINS', 'a')] }, { x: ['b', 'a'] }, undefined],
    ['a list that does not', { customClaims: [custom('STRING_ARRAY', 'CONTAINS', 'a')] }, { x: ['ab'] }, 'x'],
    ['a string where a list should be', { customClaims: [custom('STRING_ARRAY', 'CONTAINS', 'a')] }, { x: 'a' }, 'x'],
    [
      'a list that contains any',
      { customClaims: [custom('STRING_ARRAY', 'CONTAINS_ANY', ['a', 'b'])] },
      { x: ['b'] },
      undefined,
    ],
    [
      'a list that contains none',
      { customClaims: [custom('STRING_ARRAY', 'CONTAINS_ANY', ['a', 'b'])] },
      { x: ['c'] },
      'x',
    ],
    ['a list of other things', { customClaims: [custom('STRING_ARRAY', 'CONTAINS', 'a')] }, { x: ['a', 7] }, 'x'],
    ['what every object has', { customClaims: [custom('STRING', 'CONTAINS', 'a', 'constructor')] }, {}, 'constructor'],
    [
      'two checks, one failing',
      { allowedAudience: ['a'], allowedClients: ['c'] },
      { aud: 'a', client_id: 'x' },
      'client_id',
    ],
    [
      'two claims, one failing',
      { customClaims: [custom('STRING', 'EQUALS', 'a'), custom('STRING', 'EQUALS', 'b', 'y')] },
      { x: 'a' },
      'y',
    ],
  ])('%s', (_, config, claims, refused) => {
    expect(refusedClaim(config, claims)).toBe(refused)
  })

  it('is an AND over the checks, and any-of inside each', () => {
    const few = fc.constantFrom('a', 'b', 'c')
    const some = fc.array(few, { minLength: 1, maxLength: 2 })
    const maybe = fc.option(some, { nil: undefined })
    fc.assert(
      fc.property(
        maybe,
        maybe,
        maybe,
        some,
        few,
        some,
        (allowedAudience, allowedClients, allowedScopes, aud, client, scopes) => {
          const any = (allowed: ReadonlyArray<string> | undefined, given: ReadonlyArray<string>): boolean =>
            allowed === undefined || given.some((value) => allowed.includes(value))
          const claims = { ...bare, aud, client_id: client, scope: scopes.join(' ') }
          const expected = any(allowedAudience, aud) && any(allowedClients, [client]) && any(allowedScopes, scopes)
          const checked = check({ discoveryUrl, allowedAudience, allowedClients, allowedScopes })(claims)
          expect(E.isRight(checked)).toBe(expected)
        },
      ),
    )
  })

  it('lets nobody in by another check than those that are made', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        const { client_id: _, ...others } = claims
        expect(check({ discoveryUrl, allowedClients: ['c'] })({ ...others, ...bare })).toEqual(
          E.left(claimMismatch('client_id')),
        )
      }),
    )
  })
})

describe('fromPayload', () => {
  it('freezes what a token says', () => {
    const made = fromPayload({ ...bare, deep: { list: [1] } })
    expect(made).toEqual(E.right({ ...bare, deep: { list: [1] } }))
    expect(E.isRight(made) && Object.isFrozen(made.right['deep'])).toBe(true)
  })

  it.each([
    ['iss', { exp: 1 }],
    ['exp', { iss: 'a' }],
    ['exp', { iss: 'a', exp: '1' }],
    ['sub', { ...bare, sub: 7 }],
    ['aud', { ...bare, aud: [7] }],
    ['jti', { ...bare, jti: {} }],
  ])('refuses a token whose %s is missing or of another type', (claim, payload) => {
    expect(fromPayload(payload)).toEqual(E.left(badToken(`Claim '${claim}' is missing or malformed`)))
  })
})
