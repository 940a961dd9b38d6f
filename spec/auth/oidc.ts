/** Runs `oidc-provider`, and asks it for tokens as a client would. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import * as E from 'fp-ts/Either'
import { AuthorizerConfig } from '../../lib/auth'
import { withChild } from '../http/socketSupport'
import { clients, type OidcSettings } from './oidcChild'

/** A private key to sign with. */
export const keyOf = (kid: string): OidcSettings['keys'][number] => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid,
  alg: 'RS256',
  use: 'sig',
})

/** A port that is free, now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A provider that runs. */
export interface Oidc {
  readonly issuer: string
  readonly discoveryUrl: string
  /** A token that it issues. */
  readonly token: (ask?: {
    readonly client?: keyof typeof clients
    readonly resource?: string
    readonly scope?: string
  }) => Promise<string>
}

/** Runs the provider while it is used. */
export const withOidc = <A>(settings: Partial<OidcSettings>, use: (oidc: Oidc) => Promise<A>): Promise<A> =>
  freePort().then((free) => {
    const { port = free, keys = [keyOf('first')], lifetime = 300 } = settings
    const issuer = `http://127.0.0.1:${port}`
    return withChild('../auth/oidcChild', { args: [JSON.stringify({ port, keys, lifetime })] }, async ({ line }) => {
      await line('listening')
      return use({
        issuer,
        discoveryUrl: discoveryUrlOf(port),
        token: async ({ client = 'caller', resource = 'urn:agent', scope = 'invoke' } = {}) => {
          const body = new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: client,
            client_secret: clients[client],
            ...{ resource, scope },
          })
          const answer = (await (await fetch(`${issuer}/token`, { method: 'POST', body })).json()) as {
            readonly access_token: string
          }
          return answer.access_token
        },
      })
    })
  })

/** Where the provider on a port tells of itself. */
export const discoveryUrlOf = (port: number): string => `http://127.0.0.1:${port}/.well-known/openid-configuration`

/** A configuration that must be right. */
export const configOf = (fields: Readonly<Record<string, unknown>>): AuthorizerConfig.AuthorizerConfig => {
  const decoded = AuthorizerConfig.decode({ customJWTAuthorizer: fields })
  if (E.isLeft(decoded)) throw new Error(JSON.stringify(decoded.left))
  return decoded.right
}

/** A token as the subprotocols that a browser offers. */
export const protocolsOf = (token: string): ReadonlyArray<string> => [
  `base64UrlBearerAuthorization.${Buffer.from(token).toString('base64url')}`,
  'base64UrlBearerAuthorization',
]
