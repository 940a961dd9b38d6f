/** An OpenID provider of others' making, `oidc-provider`, as a process of its own: `{ port, kids, keys, lifetime }` as its argument. */
import type { JWK } from 'oidc-provider' with { 'resolution-mode': 'import' }

/** What the provider is told. */
export interface OidcSettings {
  readonly port: number
  /** Private keys: the first one signs. */
  readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** How long a token is good, in seconds. */
  readonly lifetime: number
}

/** The clients that may ask for a token. The secret is as long as the provider wants it. */
export const clients = {
  caller: 'secret-of-the-caller-0123456789abcdef',
  other: 'secret-of-another-0123456789abcdef',
} as const

const main = async (): Promise<void> => {
  const { port, keys, lifetime } = JSON.parse(process.argv[2] ?? '') as OidcSettings
  const { Provider } = await import('oidc-provider')
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map((key) => key as unknown as JWK) }, // what node:crypto exports is what the provider takes
    scopes: ['invoke', 'read'],
    clients: Object.entries(clients).map(([id, secret]) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    extraTokenClaims: () => ({ department: 'sales', groups: ['admins', 'users'] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:agent',
        getResourceServerInfo: (_, resource) => ({
          scope: 'invoke read',
          audience: resource,
          accessTokenTTL: lifetime,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  provider.listen(port, '127.0.0.1', () => process.stdout.write('listening\n'))
}

if (require.main === module) void main()
