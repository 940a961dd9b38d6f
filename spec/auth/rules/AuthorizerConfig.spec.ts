/** The configuration that `agentcore configure --authorizer-config` takes: what is wrong with one is told with its path. */
import * as E from 'fp-ts/Either'
import * as fc from 'fast-check'
import { AuthorizerConfig } from '../../../lib/auth'

const discoveryUrl = 'https://issuer.example.org/pool/.well-known/openid-configuration'

const withClaims = (...customClaims: ReadonlyArray<unknown>): unknown => ({
  customJWTAuthorizer: { discoveryUrl, customClaims },
})

const claim = (type: string, operator: string, value: unknown, name = 'department'): unknown => ({
  inboundTokenClaimName: name,
  inboundTokenClaimValueType: type,
  authorizingClaimMatchValue: { claimMatchOperator: operator, claimMatchValue: value },
})

const full = {
  customJWTAuthorizer: {
    discoveryUrl,
    allowedAudience: ['a'],
    allowedClients: ['c1', 'c2'],
    allowedScopes: ['read', 'https://x/y'],
    customClaims: [
      claim('STRING', 'EQUALS', { matchValueString: 'sales' }),
      claim('STRING_ARRAY', 'CONTAINS', { matchValueString: 'a' }, 'groups'),
      claim('STRING_ARRAY', 'CONTAINS_ANY', { matchValueStringList: ['a', 'b'] }, 'cognito:groups'),
    ],
  },
}

const issuesOf = (value: unknown): ReadonlyArray<string> => {
  const decoded = AuthorizerConfig.decode(value)
  return E.isLeft(decoded) ? decoded.left.map(({ path, message }) => `${path}: ${message}`) : []
}

describe('AuthorizerConfig.decode', () => {
  it('takes what the service takes, and freezes it', () => {
    const decoded = AuthorizerConfig.decode(full)
    expect(decoded).toMatchObject(E.right(full))
    expect(JSON.parse(JSON.stringify(decoded))).toMatchObject({ right: full })
    if (E.isRight(decoded)) {
      expect(Object.isFrozen(decoded.right.customJWTAuthorizer.customClaims?.[0])).toBe(true)
      expect(AuthorizerConfig.codec.is(decoded.right)).toBe(true)
      expect(AuthorizerConfig.codec.encode(decoded.right)).toEqual(full)
      expect(AuthorizerConfig.warnings(decoded.right)).toEqual([])
      expect(AuthorizerConfig.authorizationServer(decoded.right)).toBe('https://issuer.example.org/pool')
    }
  })

  it('keeps a value that is changed afterwards as it was', () => {
    const json = structuredClone(full)
    const decoded = AuthorizerConfig.decode(json)
    json.customJWTAuthorizer.allowedClients.push('mallory')
    expect(decoded).toMatchObject(E.right({ customJWTAuthorizer: { allowedClients: ['c1', 'c2'] } }))
  })

  const only = { allowedClients: ['c'] }
  const jwt = (fields: object): unknown => ({ customJWTAuthorizer: { discoveryUrl, ...only, ...fields } })
  const text = 'customJWTAuthorizer'
  const match = `${text}.customClaims[0].authorizingClaimMatchValue`

  it.each<[string, unknown, ReadonlyArray<string>]>([
    ['nothing', undefined, ['']],
    ['another kind of configuration', { iamAuthorizer: {} }, [text, 'iamAuthorizer']],
    ['no discovery URL', { customJWTAuthorizer: only }, [`${text}.discoveryUrl`]],
    ['another document', jwt({ discoveryUrl: 'https://a/.well-known/other' }), [`${text}.discoveryUrl`]],
    ['a file', jwt({ discoveryUrl: 'file:///a/.well-known/openid-configuration' }), [`${text}.discoveryUrl`]],
    ['a password', jwt({ discoveryUrl: discoveryUrl.replace('//', '//u:p@') }), [`${text}.discoveryUrl`]],
    ['a query', jwt({ discoveryUrl: `${discoveryUrl}?a` }), [`${text}.discoveryUrl`]],
    ['a line break', jwt({ discoveryUrl: `https://a\r\n/.well-known/openid-configuration` }), [`${text}.discoveryUrl`]],
    [
      'a host that is none',
      jwt({ discoveryUrl: 'https://[/.well-known/openid-configuration' }),
      [`${text}.discoveryUrl`],
    ],
    ['nothing to check', { customJWTAuthorizer: { discoveryUrl } }, [text]],
    ['an empty list', jwt({ allowedAudience: [] }), [`${text}.allowedAudience`]],
    ['a list that is none', jwt({ allowedClients: 'c' }), [`${text}.allowedClients`]],
    ['a misspelt check', jwt({ allowedClient: ['c'] }), [`${text}.allowedClient`]],
    [
      'a check that cannot be made here',
      jwt({ allowedWorkloadConfiguration: {} }),
      [`${text}.allowedWorkloadConfiguration`],
    ],
    ['a scope with a space', jwt({ allowedScopes: ['a b'] }), [`${text}.allowedScopes[0]`]],
    [
      'a claim of the reserved name',
      withClaims(claim('STRING', 'EQUALS', { matchValueString: 'a' }, 'client_id')),
      [`${text}.customClaims[0].inboundTokenClaimName`],
    ],
    [
      'an unknown type',
      withClaims(claim('NUMBER', 'EQUALS', { matchValueString: 'a' })),
      [`${text}.customClaims[0].inboundTokenClaimValueType`],
    ],
    [
      'an unknown operator',
      withClaims(claim('STRING', 'LIKE', { matchValueString: 'a' })),
      [`${match}.claimMatchOperator`],
    ],
    ['EQUALS on a list', withClaims(claim('STRING_ARRAY', 'EQUALS', { matchValueString: 'a' })), [match]],
    ['CONTAINS_ANY on a string', withClaims(claim('STRING', 'CONTAINS_ANY', { matchValueStringList: ['a'] })), [match]],
    ['a list for EQUALS', withClaims(claim('STRING', 'EQUALS', { matchValueStringList: ['a'] })), [match]],
    [
      'both values',
      withClaims(claim('STRING', 'EQUALS', { matchValueString: 'a', matchValueStringList: ['a'] })),
      [match],
    ],
    ['no value', withClaims(claim('STRING', 'EQUALS', {})), [match]],
    [
      'a value with a space',
      withClaims(claim('STRING', 'EQUALS', { matchValueString: 'a b' })),
      [`${match}.claimMatchValue.matchValueString`],
    ],
  ])('refuses %s, and says where', (_, value, paths) => {
    const decoded = AuthorizerConfig.decode(value)
    expect(E.isLeft(decoded) ? decoded.left.map(({ path }) => path) : []).toEqual(paths)
  })

  it('tells everything that is wrong at once, in words', () => {
    expect(
      issuesOf({ customJWTAuthorizer: { discoveryUrl: 'https://a', allowedClients: [], allowedScope: ['s'] } }),
    ).toEqual([
      'customJWTAuthorizer.discoveryUrl: expected an http or https URL that ends in /.well-known/openid-configuration, without user or query; got "https://a"',
      'customJWTAuthorizer.allowedClients: the list is empty',
      'customJWTAuthorizer.allowedScope: unknown field; expected one of discoveryUrl, allowedAudience, allowedClients, allowedScopes, customClaims, advertisedScopeMapping, privateEndpoint, privateEndpointOverrides',
    ])
  })

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.anything(), (value) => expect(E.isLeft(AuthorizerConfig.decode(value))).toBe(true)))
    fc.assert(
      fc.property(fc.anything(), (value) =>
        expect(E.isLeft(AuthorizerConfig.decode({ customJWTAuthorizer: value }))).toBe(true),
      ),
    )
  })
})

describe('AuthorizerConfig.parse', () => {
  it('takes the text of a configuration', () => {
    expect(AuthorizerConfig.parse(JSON.stringify(full))).toMatchObject(E.right(full))
  })

  it('refuses what is no JSON', () => {
    expect(AuthorizerConfig.parse('{')).toEqual(E.left([{ path: '', message: 'not valid JSON' }]))
  })
})

describe('AuthorizerConfig.warnings', () => {
  const warningsOf = (value: unknown): ReadonlyArray<string> => {
    const decoded = AuthorizerConfig.decode(value)
    return E.isRight(decoded) ? AuthorizerConfig.warnings(decoded.right) : ['it is refused']
  }

  it('tells where the editions of the documentation differ', () => {
    expect(warningsOf(withClaims(claim('STRING', 'CONTAINS', { matchValueString: 'a' })))).toEqual([
      'department: current AgentCore documentation allows only EQUALS for a STRING claim, not CONTAINS',
    ])
  })

  it('tells what has no effect', () => {
    const config = { discoveryUrl, allowedClients: ['c'], privateEndpoint: { managedVpcResource: {} } }
    expect(warningsOf({ customJWTAuthorizer: config })).toEqual(['privateEndpoint has no effect here'])
  })

  it.each([
    ['http://issuer.example.org', 1],
    ['http://localhost:8080', 0],
    ['http://127.0.0.1:8080', 0],
    ['http://[::1]:8080', 0],
    ['https://issuer.example.org', 0],
  ])('of a provider at %s: %i', (origin, count) => {
    const config = { discoveryUrl: `${origin}/.well-known/openid-configuration`, allowedClients: ['c'] }
    expect(warningsOf({ customJWTAuthorizer: config })).toHaveLength(count)
  })
})
