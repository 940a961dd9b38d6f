/** Who may call: as JSON, or as an issuer with its clients, audiences and scopes. Both pass the codec that checks tokens. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { Issue } from '../../../core/AgentError'
import { decode, parse } from '../../../auth/rules/AuthorizerConfig'
import type { Rule } from '../../../config/Rules'

/** Which tokens are accepted, in words. What is undefined stays as it is. */
export interface TokenSettings {
  /** The URL of the discovery document. */
  readonly issuer: string | undefined
  readonly clients: ReadonlyArray<string> | undefined
  readonly audience: ReadonlyArray<string> | undefined
  readonly scopes: ReadonlyArray<string> | undefined
}

/** `{"customJWTAuthorizer": {…}}`, as the file has it. */
export interface Authorizer {
  readonly customJWTAuthorizer: Readonly<Record<string, unknown>>
}

const explain = (issues: ReadonlyArray<Issue>): string =>
  issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')

/** `{"customJWTAuthorizer": {…}}`, as it was written. Left: everything that is wrong with it, each with its path. */
export const authorizer: Rule<unknown> = (text) =>
  pipe(
    parse(text),
    E.bimap(explain, () => JSON.parse(text) as unknown),
  )

/** The fields of an authorizer in a file; none where it has another form. */
export const toFields = (config: unknown): Readonly<Record<string, unknown>> => {
  const found =
    typeof config === 'object' && config !== null && 'customJWTAuthorizer' in config ? config.customJWTAuthorizer : {}
  return typeof found === 'object' && found !== null ? { ...found } : {}
}

const isGiven = ({ issuer, clients, audience, scopes }: TokenSettings): boolean =>
  [issuer, clients, audience, scopes].some((setting) => setting !== undefined)

/** The fields that settings change. An empty list removes its field, as the service accepts none. */
const toChanges = ({ issuer, clients, audience, scopes }: TokenSettings): Readonly<Record<string, unknown>> => ({
  ...(issuer === undefined ? {} : { discoveryUrl: issuer }),
  ...(clients === undefined ? {} : { allowedClients: clients }),
  ...(audience === undefined ? {} : { allowedAudience: audience }),
  ...(scopes === undefined ? {} : { allowedScopes: scopes }),
})

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/**
 * The authorizer that settings make of the existing one; undefined where they say nothing. Left: what is missing or
 * wrong, with the flag's name.
 */
export const withSettings = (existing: unknown, settings: TokenSettings): E.Either<string, Authorizer | undefined> => {
  if (!isGiven(settings)) return E.right(undefined)
  const fields = Object.entries({ ...toFields(existing), ...toChanges(settings) })
  const now = Object.fromEntries(fields.filter(([, value]) => !isEmptyList(value)))
  if (now['discoveryUrl'] === undefined) {
    const flag =
      settings.clients !== undefined ? '--clients' : settings.audience !== undefined ? '--audience' : '--scopes'
    return E.left(`${flag}: requires --issuer`)
  }
  const hasRule = ['allowedClients', 'allowedAudience', 'allowedScopes', 'customClaims'].some((name) => name in now)
  if (!hasRule) return E.left('--issuer: requires --clients, --audience or --scopes, else any token of it would do')
  const config = { customJWTAuthorizer: now }
  return pipe(
    decode(config),
    E.bimap(
      (issues) => `--issuer: ${explain(issues)}`,
      () => config,
    ),
  )
}
