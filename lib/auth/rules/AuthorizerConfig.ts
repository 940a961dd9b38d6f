/**
 * The configuration of inbound JWT authorisation: the JSON that `agentcore configure --authorizer-config` takes. A value
 * of this type comes from `decode` alone, so it cannot be wrong.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as t from 'io-ts'
import { deepFreeze } from '../../core/deepFreeze'
import type { Issue } from '../../core/AgentError'
import { decode as decodeWith } from '../../core/Codec'
import { checked, closed, list, optional, text } from './StrictCodec'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How a claim is compared with what the configuration asks for. */
export type ClaimMatchOperator = 'EQUALS' | 'CONTAINS' | 'CONTAINS_ANY'

/** What a claim must be. */
export interface CustomClaim {
  readonly inboundTokenClaimName: string
  readonly inboundTokenClaimValueType: 'STRING' | 'STRING_ARRAY'
  readonly authorizingClaimMatchValue: {
    readonly claimMatchOperator: ClaimMatchOperator
    readonly claimMatchValue: {
      readonly matchValueString?: string | undefined
      readonly matchValueStringList?: ReadonlyArray<string> | undefined
    }
  }
}

/** Who issues the tokens, and which of them are let in: every list that is there must be met, by any of its members. */
export interface CustomJWTAuthorizer {
  readonly discoveryUrl: string
  readonly allowedAudience?: ReadonlyArray<string> | undefined
  readonly allowedClients?: ReadonlyArray<string> | undefined
  readonly allowedScopes?: ReadonlyArray<string> | undefined
  readonly customClaims?: ReadonlyArray<CustomClaim> | undefined
}

/** A configuration that was decoded. */
export interface AuthorizerConfig {
  readonly [brand]: true
  readonly customJWTAuthorizer: CustomJWTAuthorizer
}

const brand: unique symbol = Symbol.for('agentcore-fp/AuthorizerConfig')

// ---------------------------------------------------------------------------------------------------------------------
// the codec
// ---------------------------------------------------------------------------------------------------------------------

const wellKnown = '/.well-known/openid-configuration'

const isDiscoveryUrl = (value: string): boolean => {
  if (!/^https?:\/\/[^\s?#]+\/\.well-known\/openid-configuration$/.test(value) || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

/** The value is shown, since it is public, but for a user and a password. */
const explainDiscoveryUrl = (value: string): string => {
  const shown = JSON.stringify(value.slice(0, 200).replace(/\/\/[^/]*@/, '//…@'))
  return `expected an http or https URL that ends in ${wellKnown}, without user or query; got ${shown}`
}

const DiscoveryUrl = text('a discovery URL', isDiscoveryUrl, explainDiscoveryUrl)

const Text = text('a non-empty string', (value) => value !== '')

const Scope = text('a scope of 1 to 255 visible characters without " and \\', (value) =>
  /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(value),
)

const ClaimName = text('a claim name of 1 to 255 of A-Za-z0-9_.:-, other than client_id', (value) =>
  /^(?!client_id$)[\w.:-]{1,255}$/.test(value),
)

const MatchValue = text('a string of 1 to 255 of A-Za-z0-9_.-', (value) => /^[\w.-]{1,255}$/.test(value))

const ClaimMatchValue = closed(
  t.partial({ matchValueString: MatchValue, matchValueStringList: list(MatchValue) }, 'ClaimMatchValue'),
  ['matchValueString', 'matchValueStringList'],
)

const AuthorizingClaimMatchValue = closed(
  t.type(
    {
      claimMatchOperator: t.keyof({ EQUALS: null, CONTAINS: null, CONTAINS_ANY: null }),
      claimMatchValue: ClaimMatchValue,
    },
    'AuthorizingClaimMatchValue',
  ),
  ['claimMatchOperator', 'claimMatchValue'],
)

/** The operators that the one or the other edition of the service's documentation allows. */
const operators: Readonly<Record<CustomClaim['inboundTokenClaimValueType'], ReadonlyArray<ClaimMatchOperator>>> = {
  STRING: ['EQUALS', 'CONTAINS'],
  STRING_ARRAY: ['CONTAINS', 'CONTAINS_ANY'],
}

const flawsOfClaim = ({ inboundTokenClaimValueType: type, authorizingClaimMatchValue: match }: CustomClaim) => {
  const { claimMatchOperator: operator, claimMatchValue: value } = match
  const wanted = operator === 'CONTAINS_ANY' ? 'matchValueStringList' : 'matchValueString'
  const other = wanted === 'matchValueString' ? 'matchValueStringList' : 'matchValueString'
  return [
    ...(operators[type].includes(operator)
      ? []
      : [{ field: 'authorizingClaimMatchValue', message: `${type} requires ${operators[type].join(' or ')}` }]),
    ...(value[wanted] !== undefined && value[other] === undefined
      ? []
      : [{ field: 'authorizingClaimMatchValue', message: `${operator} requires ${wanted} and nothing else` }]),
  ]
}

const CustomClaimCodec = checked(
  closed(
    t.type(
      {
        inboundTokenClaimName: ClaimName,
        inboundTokenClaimValueType: t.keyof({ STRING: null, STRING_ARRAY: null }),
        authorizingClaimMatchValue: AuthorizingClaimMatchValue,
      },
      'CustomClaim',
    ),
    ['inboundTokenClaimName', 'inboundTokenClaimValueType', 'authorizingClaimMatchValue'],
  ),
  flawsOfClaim,
)

const checks = ['allowedAudience', 'allowedClients', 'allowedScopes', 'customClaims'] as const

/** Fields of the newest service model that say how the service reaches the provider: nothing is refused for them. */
const unused = ['advertisedScopeMapping', 'privateEndpoint', 'privateEndpointOverrides'] as const

const Checks = t.type(
  {
    discoveryUrl: DiscoveryUrl,
    allowedAudience: optional(list(Text)),
    allowedClients: optional(list(Text)),
    allowedScopes: optional(list(Scope)),
    customClaims: optional(list(CustomClaimCodec)),
  },
  'CustomJWTAuthorizer',
)

const CustomJWTAuthorizerCodec = checked(closed(Checks, ['discoveryUrl', ...checks, ...unused]), (config) =>
  checks.some((name) => config[name] !== undefined)
    ? []
    : [{ field: undefined, message: `at least one of ${checks.join(', ')} must be set` }],
)

const Plain = closed(t.type({ customJWTAuthorizer: CustomJWTAuthorizerCodec }, 'AuthorizerConfig'), [
  'customJWTAuthorizer',
])

const branded = ({ customJWTAuthorizer }: t.TypeOf<typeof Plain>): AuthorizerConfig =>
  Object.freeze({ [brand]: true as const, customJWTAuthorizer: deepFreeze(structuredClone(customJWTAuthorizer)) })

/** The codec of `{ "customJWTAuthorizer": { … } }`. */
export const codec: t.Type<AuthorizerConfig, unknown> = new t.Type<AuthorizerConfig, unknown, unknown>(
  'AuthorizerConfig',
  (value): value is AuthorizerConfig => typeof value === 'object' && value !== null && brand in value,
  (value, context) => E.map(branded)(Plain.validate(value, context)),
  ({ customJWTAuthorizer }) => ({ customJWTAuthorizer }),
)

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Decodes an authorizer configuration. Left: every issue, each with its path.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 *
 * export const config = AuthorizerConfig.decode({
 *   customJWTAuthorizer: {
 *     discoveryUrl: 'https://issuer.example.org/.well-known/openid-configuration',
 *     allowedClients: ['my-client'],
 *   },
 * })
 * ```
 */
export const decode = (value: unknown): E.Either<ReadonlyArray<Issue>, AuthorizerConfig> => {
  const decoded = decodeWith(codec)(value)
  // Only a Standard Schema may be asynchronous, and this is none.
  return decoded instanceof Promise ? E.left([{ path: '', message: 'asynchronous codecs are not supported' }]) : decoded
}

/**
 * Parses an authorizer configuration from JSON, such as the value of an environment variable. Left: the issues of `decode`,
 * or invalid JSON.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 *
 * export const config = AuthorizerConfig.parse(process.env['AUTHORIZER_CONFIG'] ?? '')
 * ```
 */
export const parse = (json: string): E.Either<ReadonlyArray<Issue>, AuthorizerConfig> =>
  pipe(
    J.parse(json),
    E.mapLeft((): ReadonlyArray<Issue> => [{ path: '', message: 'not valid JSON' }]),
    E.chain(decode),
  )

/**
 * `decode` for plain functions. Throws an `Error` that lists every issue, and carries them as `issues`.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 *
 * export const config = AuthorizerConfig.decodeOrThrow({
 *   customJWTAuthorizer: {
 *     discoveryUrl: 'https://issuer.example.org/.well-known/openid-configuration',
 *     allowedClients: ['my-client'],
 *   },
 * })
 * ```
 */
export const decodeOrThrow = (value: unknown): AuthorizerConfig => orThrow(decode(value))

/**
 * `parse` for plain functions. Throws an `Error` that lists every issue, and carries them as `issues`.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 *
 * export const config = AuthorizerConfig.parseOrThrow(process.env['AUTHORIZER_CONFIG'] ?? '')
 * ```
 */
export const parseOrThrow = (json: string): AuthorizerConfig => orThrow(parse(json))

const toLine = ({ path, message }: Issue): string => (path === '' ? message : `${path}: ${message}`)

const orThrow = (decoded: E.Either<ReadonlyArray<Issue>, AuthorizerConfig>): AuthorizerConfig => {
  if (E.isRight(decoded)) return decoded.right
  const issues = decoded.left
  throw Object.assign(new Error(`Invalid authorizer configuration: ${issues.map(toLine).join('; ')}`), { issues })
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const isLoopback = (hostname: string): boolean => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * Warnings for the log about a valid configuration: what AgentCore may treat differently, or what is unsafe.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 * import { E } from 'agentcore-fp/fp'
 *
 * export const warnings = E.map(AuthorizerConfig.warnings)(AuthorizerConfig.parse('{}'))
 * ```
 */
export const warnings = ({ customJWTAuthorizer: config }: AuthorizerConfig): ReadonlyArray<string> => {
  const { protocol, hostname } = new URL(config.discoveryUrl)
  return [
    ...(protocol === 'http:' && !isLoopback(hostname)
      ? ['discoveryUrl is not https: anyone on the network path can replace the signing keys']
      : []),
    ...unused.flatMap((name) => (name in config ? [`${name} has no effect here`] : [])),
    ...(config.customClaims ?? []).flatMap(
      ({ inboundTokenClaimName, inboundTokenClaimValueType, authorizingClaimMatchValue: { claimMatchOperator } }) =>
        inboundTokenClaimValueType === 'STRING' && claimMatchOperator === 'CONTAINS'
          ? [
              `${inboundTokenClaimName}: current AgentCore documentation allows only EQUALS for a STRING claim, not CONTAINS`,
            ]
          : [],
    ),
  ]
}

/**
 * The issuer that a discovery URL belongs to, where clients find its metadata.
 *
 * @example
 * ```ts
 * import { AuthorizerConfig } from 'agentcore-fp/auth'
 * import { E } from 'agentcore-fp/fp'
 *
 * export const issuer = E.map(AuthorizerConfig.authorizationServer)(AuthorizerConfig.parse('{}'))
 * ```
 */
export const authorizationServer = ({ customJWTAuthorizer: { discoveryUrl } }: AuthorizerConfig): string =>
  discoveryUrl.slice(0, -wellKnown.length)
