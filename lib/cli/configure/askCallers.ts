/** Asks who may call an agent: callers with AWS credentials, or with a token of an OpenID provider. */
import * as E from 'fp-ts/Either'
import { isSet } from '../../config/Project'
import * as Rules from '../../config/Rules'
import type { ConfigureSettings } from './plan/flags'
import { toFields, type TokenSettings } from './plan/Authorizer'
import { orEmpty, type Prompts } from './prompts'

const callers = {
  iam: 'callers with AWS credentials (IAM)',
  jwt: 'callers with a token from an OpenID provider (JWT)',
} as const

const listed = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(', ') : '')

const wellKnown = '/.well-known/openid-configuration'

const toIssuer = (url: unknown): string => (typeof url === 'string' ? url.replace(wellKnown, '') : '')

const toList = (rule: Rules.Rule<ReadonlyArray<string>>, text: string): ReadonlyArray<string> => {
  const list = text === '' ? E.right([]) : rule(text)
  return E.isRight(list) ? list.right : [] // the prompt has taken it
}

/** Asks until at least one list says which tokens are accepted: else any token of the provider would be. */
const tokens = async (prompts: Prompts, existing: unknown): Promise<TokenSettings> => {
  const { text } = prompts
  const fields = toFields(existing)
  const issuer = Rules.issuer(await text('Issuer URL of the provider', toIssuer(fields['discoveryUrl']), Rules.issuer))
  for (;;) {
    const ask = async (what: string, field: string, rule: typeof Rules.scopes): Promise<ReadonlyArray<string>> =>
      toList(rule, await text(`${what}, comma-separated (empty: any)`, listed(fields[field]), orEmpty(rule)))
    const clients = await ask('Accepted client ids', 'allowedClients', Rules.tokenValues)
    const audience = await ask('Accepted audiences', 'allowedAudience', Rules.tokenValues)
    const scopes = await ask('Scopes of which one is needed', 'allowedScopes', Rules.scopes)
    const isLimited = [clients, audience, scopes].some((list) => list.length > 0) || 'customClaims' in fields
    if (isLimited) return { issuer: E.isRight(issuer) ? issuer.right : undefined, clients, audience, scopes }
    prompts.warn('Enter at least one client id, audience or scope: else any token of the provider would be accepted')
  }
}

/** The settings with who may call. */
export const askCallers = async (
  prompts: Prompts,
  settings: ConfigureSettings,
  existing: unknown,
): Promise<ConfigureSettings> => {
  const caller = await prompts.choice('Who may call it?', isSet(existing) ? 'jwt' : 'iam', callers)
  if (caller === 'jwt') return { ...settings, ...(await tokens(prompts, existing)) }
  return { ...settings, authorizerConfig: isSet(existing) ? null : undefined }
}
