/** OAuth 2.0 Protected Resource Metadata (RFC 9728): tells clients where to get a token. */
import * as O from 'fp-ts/Option'
import { path } from '../core/Protocol'
import { authorizationServer, type AuthorizerConfig } from './rules/AuthorizerConfig'

/** The document, as JSON has it. */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: ReadonlyArray<string>
  readonly bearer_methods_supported: ReadonlyArray<'header'>
  readonly scopes_supported?: ReadonlyArray<string>
}

const wellKnown = '/.well-known/oauth-protected-resource'

/** Of an agent whose URL is not said, what a document at this path speaks of: a path of the agent. */
const resources: Readonly<Record<string, string>> = {
  [wellKnown]: '',
  [`${path.invocations}${wellKnown}`]: path.invocations,
  [`${wellKnown}${path.invocations}`]: path.invocations,
}

/** What the document at this path speaks of, if there is one: a path of the agent. */
export const resourceAt = (where: string): O.Option<string> =>
  Object.hasOwn(resources, where) ? O.fromNullable(resources[where]) : O.none

/** The URL of a resource, without a slash at its end. */
const toText = ({ href }: URL): string => href.replace(/\/$/, '')

/** The origin that a request was sent to, if its host is one. */
export const toOrigin = (protocol: string, host: string): O.Option<URL> =>
  /^([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(host) && URL.canParse(`${protocol}://${host}`)
    ? O.some(new URL(`${protocol}://${host}`))
    : O.none

/** The document of a resource. */
export const document = (config: AuthorizerConfig, resource: URL): ResourceMetadata => {
  const { allowedScopes } = config.customJWTAuthorizer
  return {
    resource: toText(resource),
    authorization_servers: [authorizationServer(config)],
    bearer_methods_supported: ['header'],
    ...(allowedScopes === undefined ? {} : { scopes_supported: allowedScopes }),
  }
}

/** The value of `WWW-Authenticate`: where the document is. A URL has no quotes and no line breaks. */
export const challenge = (resource: URL): string => `Bearer resource_metadata="${toText(resource)}${wellKnown}"`
