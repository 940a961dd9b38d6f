/** A provider that hangs, redirects, floods or talks nonsense: a refusal, bounded in time and memory, and nothing secret in it. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { JwtOptions } from '../../../lib/auth'
import { ask, served } from '../../http/support'
import { bearer, refusedBoth, refusedInvocation, tellsClaims, withJwt } from '../guarded'
import { configOf, discoveryUrlOf } from '../oidc'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that is well formed; nobody has signed it. */
const token = [
  part({ alg: 'RS256', kid: 'k' }),
  part({ iss: 'x', exp: 9_999_999_999, secret: 'in-the-token' }),
  'c2lnbmF0dXJl'.repeat(10),
].join('.')

interface Fake {
  readonly discoveryUrl: string
  readonly port: number
  readonly asked: ReadonlyArray<string>
}

const withProvider = async <A>(answer: RequestListener, use: (fake: Fake) => Promise<A>): Promise<A> => {
  const asked: Array<string> = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    answer(req, res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await use({ port, asked, discoveryUrl: discoveryUrlOf(port) })
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

const json = (res: ServerResponse, value: unknown): void => void res.end(JSON.stringify(value))

/** Tells of a set of keys that is answered by `keys`. */
const withKeys =
  (keys: RequestListener): RequestListener =>
  (req, res) => {
    if (req.url !== '/.well-known/openid-configuration') return keys(req, res)
    json(res, { issuer: 'x', jwks_uri: `http://${req.headers.host}/jwks` })
  }

const flood: RequestListener = (_, res) => {
  const chunk = Buffer.alloc(65_536, 0x20)
  let sent = 0
  const more = (): void => {
    while (sent < 10_485_760 && !res.destroyed) {
      sent += chunk.length
      if (!res.write(chunk)) return void res.once('drain', more)
    }
    res.end()
  }
  more()
}

const hang: RequestListener = () => undefined

const trickle: RequestListener = (_, res) => {
  const timer = setInterval(() => res.write(' '), 20)
  res.on('close', () => clearInterval(timer))
}

const answers: ReadonlyArray<readonly [string, RequestListener, RegExp]> = [
  ['hangs', hang, /did not respond within 300 ms/],
  ['hangs at its keys', withKeys(hang), /jwks did not respond within 300 ms/],
  ['trickles for ever', withKeys(trickle), /jwks did not respond within 300 ms/],
  [
    'redirects',
    (_, res) => void res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    /redirects, and redirects are not followed/,
  ],
  ['redirects its keys', withKeys((_, res) => void res.writeHead(307, { location: '/other' }).end()), /jwks redirects/],
  ['answers 10 MB', flood, /is larger than 1048576 bytes/],
  ['answers 10 MB of keys', withKeys(flood), /jwks is larger than 1048576 bytes/],
  [
    'says that it will answer 10 MB',
    withKeys((_, res) => void res.writeHead(200, { 'content-length': '10485760' }).write(' ')),
    /jwks is larger than/,
  ],
  ['breaks off', withKeys((_, res) => void res.write('{', () => res.destroy())), /Could not reach .*jwks/],
  ['answers 500', (_, res) => void res.writeHead(500).end(), /status 500/],
  ['answers no JSON', (_, res) => void res.end('<html>'), /is not valid JSON/],
  ['answers another JSON', (_, res) => json(res, { issuer: 7 }), /is not a discovery document/],
  ['answers no set of keys', withKeys((_, res) => json(res, { keys: 'none' })), /jwks is not a JSON Web Key Set/],
  ['answers keys that are none', withKeys((_, res) => json(res, { keys: [7] })), /jwks is not a JSON Web Key Set/],
  [
    'has its keys in a file',
    (_, res) => json(res, { issuer: 'x', jwks_uri: 'file:///etc/passwd' }),
    /a jwks_uri that is not an https URL/,
  ],
]

const quick: JwtOptions = { provider: { timeout: 300 } }

describe('a provider that', () => {
  it.each(answers)('%s: 503, with the reason in the log', (_, answer, reason) =>
    withProvider(answer, ({ discoveryUrl }) =>
      served(withJwt(configOf({ discoveryUrl, allowedClients: ['c'] }), quick), async (at) => {
        const began = performance.now()
        const { status, code, error } = await refusedBoth(at, bearer(token))
        expect([status, code, error]).toEqual([
          503,
          'AUTHORIZER_UNAVAILABLE',
          "Could not fetch the provider's signing keys",
        ])
        expect(performance.now() - began).toBeLessThan(5000)
        expect(at.logged().map(({ errorMessage }) => errorMessage)).toEqual(
          expect.arrayContaining([expect.stringMatching(reason)]),
        )
        expect(at.lines.join('')).not.toContain(token)
        expect(at.lines.join('')).not.toContain('in-the-token')
      }),
    ),
  )

  it('sends many at once is asked once, and a token that cannot be good is no reason to ask', () =>
    withProvider(
      withKeys((_, res) => json(res, { keys: [] })),
      ({ discoveryUrl, asked }) =>
        served(withJwt(configOf({ discoveryUrl, allowedClients: ['c'] })), async (at) => {
          for (const bad of ['x', 'a.b.c', `${part({ alg: 'none' })}.e30.`, `${part({ alg: 'HS512' })}.e30.AAAA`]) {
            expect((await refusedInvocation(at, { headers: bearer(bad) })).status).toBe(401)
          }
          expect(asked).toEqual([])
          const many = await Promise.all(
            Array.from({ length: 50 }, () => ask(at.port, { body: '{}', headers: bearer(token) })),
          )
          expect(new Set(many.map(({ status }) => status))).toEqual(new Set([401]))
          expect(asked).toHaveLength(2)
        }),
    ))
})

describe('a provider that tells more of a token than that it is good', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] }

  const signed = (claims: object): string => {
    const text = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: 'x', client_id: 'c', ...claims })}`
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
  }

  const seconds = (from: number): number => Math.floor(Date.now() / 1000) + from

  it.each([
    ['is not valid yet', { nbf: seconds(300), exp: seconds(600) }, 'The token is not valid yet'],
    ['was valid', { nbf: seconds(-600), exp: seconds(-300) }, 'The token has expired'],
    ['is valid for ever', {}, "Claim 'exp' or another required claim is missing or malformed"],
    ['says no moment', { nbf: 'soon', exp: seconds(300) }, 'The token is not valid yet'],
  ])('is believed where the token %s', (_, claims, error) =>
    withProvider(
      withKeys((__, res) => json(res, keys)),
      ({ discoveryUrl }) =>
        served(withJwt(configOf({ discoveryUrl, allowedClients: ['c'] })), async (at) =>
          expect(await refusedBoth(at, bearer(signed(claims)))).toMatchObject({ status: 401, error }),
        ),
    ),
  )

  it('is believed where the token is valid, and where only the clocks differ', () =>
    withProvider(
      withKeys((_, res) => json(res, keys)),
      ({ discoveryUrl }) =>
        served(withJwt(configOf({ discoveryUrl, allowedClients: ['c'] })), async ({ port }) => {
          for (const nbf of [seconds(-10), seconds(30)]) {
            const headers = bearer(signed({ nbf, exp: seconds(300) }))
            expect((await ask(port, { body: '{}', headers })).status).toBe(200)
          }
        }),
    ))
})

describe('the URL of the agent', () => {
  const config = configOf({
    discoveryUrl: 'http://127.0.0.1:1/.well-known/openid-configuration',
    allowedClients: ['c'],
  })

  it('is that of the option, where there is one', () => {
    const resource = new URL('https://agents.example.org/one/')
    return served(withJwt(config, { resource }), async (at) => {
      const { headers } = await refusedInvocation(at)
      expect(headers['www-authenticate']).toBe(
        'Bearer resource_metadata="https://agents.example.org/one/.well-known/oauth-protected-resource"',
      )
      const document = await at.send('/.well-known/oauth-protected-resource')
      expect(await document.json()).toMatchObject({ resource: 'https://agents.example.org/one' })
    })
  })

  it('is what a proxy says, where it is trusted', () => {
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'agents.example.org' }
    const challenge = /^Bearer resource_metadata="https:\/\/agents\.example\.org\/invocations\//
    return served(
      withJwt(config),
      async (at) =>
        expect((await refusedInvocation(at, { headers: forwarded })).headers['www-authenticate']).toMatch(challenge),
      { proxy: true },
    ).then(() =>
      served(withJwt(config), async (at) =>
        expect((await refusedInvocation(at, { headers: forwarded })).headers['www-authenticate']).not.toMatch(
          challenge,
        ),
      ),
    )
  })

  it.each(['a"b', 'a b', "a', error=", '../x'])('is not told by a host such as %j', (host) =>
    served(
      withJwt(config),
      async (at) => {
        expect((await refusedInvocation(at, { headers: { host } })).headers['www-authenticate']).toBe('Bearer')
      },
      { allowedHosts: 'any' },
    ),
  )
})

describe('an agent without its authorizer', () => {
  it('does not compile', () => {
    const compiles = (): void => {
      // @ts-expect-error nobody provides `claims`
      void served(tellsClaims, async () => undefined)
    }
    expect(compiles).toBeInstanceOf(Function)
  })
})
