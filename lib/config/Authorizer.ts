/**
 * Who may call an agent, as the service is told: `{"customJWTAuthorizer": {…}}`. This module says what is wrong with
 * such a value; whoever checks tokens takes it from there.
 */
import * as E from 'fp-ts/Either'
import type { Issue } from '../core/AgentError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The configuration, as it was given: fields that are not known here are kept. */
export type Authorizer = Readonly<Record<string, unknown>>

type Check = (value: unknown, path: string) => ReadonlyArray<Issue>

// ---------------------------------------------------------------------------------------------------------------------
// checks
// ---------------------------------------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return value.length > 60 ? 'a long string' : JSON.stringify(value)
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const issue = (path: string, message: string): ReadonlyArray<Issue> => [{ path, message }]

const expected = (what: string, value: unknown, path: string): ReadonlyArray<Issue> =>
  issue(path, `expected ${what}, got ${kindOf(value)}`)

const matching =
  (what: string, pattern: RegExp): Check =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? [] : expected(what, value, path)

const oneOf =
  (...names: ReadonlyArray<string>): Check =>
  (value, path) =>
    typeof value === 'string' && names.includes(value) ? [] : expected(names.join(' or '), value, path)

const listOf =
  (what: string, check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return expected(`a list of ${what}`, value, path)
    if (value.length === 0) return issue(path, `expected at least one of ${what}`)
    return value.flatMap((item, i) => check(item, `${path}[${i}]`))
  }

const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? [] : check(value, path)

const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, path) =>
    isRecord(value)
      ? Object.entries(checks).flatMap(([key, check]) => check(value[key], `${path}.${key}`))
      : expected('an object', value, path)

const both =
  (...checks: ReadonlyArray<Check>): Check =>
  (value, path) =>
    checks.flatMap((check) => check(value, path))

// ---------------------------------------------------------------------------------------------------------------------
// the schema of the service
// ---------------------------------------------------------------------------------------------------------------------

const discoveryUrl = both(
  matching(
    'a URL that ends with /.well-known/openid-configuration',
    /^https?:\/\/\S+\/\.well-known\/openid-configuration$/,
  ),
)

const text = matching('a string', /^[^]+$/)
const scope = matching('the name of a scope', /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/)
const matched = matching('letters, digits, _ . -', /^[A-Za-z0-9_.-]+$/)

const claimName: Check = (value, path) =>
  value === 'client_id'
    ? issue(path, 'client_id is checked by allowedClients')
    : matching('the name of a claim', /^[A-Za-z0-9_.:-]{1,255}$/)(value, path)

/** One value for EQUALS and CONTAINS, a list for CONTAINS_ANY. */
const claimMatch: Check = (value, path) => {
  const shape = fields({
    claimMatchOperator: oneOf('EQUALS', 'CONTAINS', 'CONTAINS_ANY'),
    claimMatchValue: fields({
      matchValueString: optional(matched),
      matchValueStringList: optional(listOf('values', matched)),
    }),
  })(value, path)
  if (shape.length > 0 || !isRecord(value) || !isRecord(value['claimMatchValue'])) return shape
  const wanted = value['claimMatchOperator'] === 'CONTAINS_ANY' ? 'matchValueStringList' : 'matchValueString'
  const given = Object.keys(value['claimMatchValue'])
  return given.length === 1 && given[0] === wanted
    ? []
    : issue(`${path}.claimMatchValue`, `${String(value['claimMatchOperator'])} takes ${wanted}, and nothing else`)
}

const customClaim = fields({
  inboundTokenClaimName: claimName,
  inboundTokenClaimValueType: oneOf('STRING', 'STRING_ARRAY'),
  authorizingClaimMatchValue: claimMatch,
})

const restrictions = ['allowedAudience', 'allowedClients', 'allowedScopes', 'customClaims'] as const

/** A token of anybody at the provider would do: the service refuses that. */
const isRestricted: Check = (value, path) =>
  !isRecord(value) || restrictions.some((name) => value[name] !== undefined)
    ? []
    : issue(path, `expected at least one of ${restrictions.join(', ')}`)

const customJWTAuthorizer = both(
  fields({
    discoveryUrl,
    allowedAudience: optional(listOf('audiences', text)),
    allowedClients: optional(listOf('client ids', text)),
    allowedScopes: optional(listOf('scopes', scope)),
    customClaims: optional(listOf('claims', customClaim)),
  }),
  isRestricted,
)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Reads a configuration. Left: everything that is wrong with it, each with its path. */
export const decode = (value: unknown): E.Either<ReadonlyArray<Issue>, Authorizer> => {
  if (!isRecord(value)) return E.left(expected('an object', value, ''))
  const others = Object.keys(value).filter((key) => key !== 'customJWTAuthorizer')
  const issues = [
    ...customJWTAuthorizer(value['customJWTAuthorizer'], 'customJWTAuthorizer'),
    ...others.flatMap((key) => issue(key, 'no such authorizer: expected customJWTAuthorizer')),
  ]
  return issues.length === 0 ? E.right(value) : E.left(issues)
}
