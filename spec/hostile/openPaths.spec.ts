/** Ways around an authorizer: a path that is rewritten behind it, and a provider that speaks for another issuer. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, use, websocket } from '../../lib'
import { jwtMiddleware, sigv4Middleware } from '../../lib/auth'
import { configOf, discoveryUrlOf } from '../auth/oidc'
import { bearer, withJwt } from '../auth/guarded'
import { credentials } from '../auth/signing'
import { ask, failureIn, served } from '../http/support'
import { refused } from '../http/socketSupport'

/** What a later middleware makes of every path but the agent's own. */
const rewriting = (to: string) =>
  use((ctx, next) => {
    ctx.path = to
    return next()
  })

const open = ['/about']
const config = configOf({ discoveryUrl: discoveryUrlOf(1), allowedClients: ['x'] })
const guards = [
  ['jwtMiddleware', use(jwtMiddleware(config, { open }))],
  ['sigv4Middleware', use(sigv4Middleware({ credentials, region: 'us-west-2' }, { open }))],
] as const

describe.each(guards)('a request that %s let in for an open path', (_, guard) => {
  const agent = (to: string) =>
    pipe(
      guard,
      (guarded) => pipe(guarded, rewriting(to)),
      (guarded) =>
        pipe(
          guarded,
          entrypoint(() => TE.right('the tool ran')),
          websocket((socket) => socket.send('the tool ran')),
        ),
    )

  it.each(['/about', '/ping'])('does not become an invocation: %s', (path) =>
    served(agent('/invocations'), async ({ port }) => {
      const got = await ask(port, { path, body: '{}' })
      expect([got.status, failureIn(got.text).code]).toEqual([401, 'UNAUTHORIZED'])
    }),
  )

  it.each(['/about', '/ping'])('does not become a socket: %s', (path) =>
    served(agent('/ws'), async ({ port }) => {
      expect(await refused(port, {}, { path })).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } })
    }),
  )

  it('may become another open one', () =>
    served(agent('/ping'), async ({ port }) => {
      expect((await ask(port, { path: '/about', method: 'GET' })).status).toBe(200)
    }))
})

describe('a discovery document that names another issuer than its URL', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const tokenOf = (iss: string): string => {
    const text = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss, exp: 9_999_999_999, client_id: 'caller' })}`
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
  }

  const withProvider = async (
    issuerOf: (url: string) => string,
    use: (url: string) => Promise<void>,
  ): Promise<void> => {
    const server = createServer((req, res) => {
      const url = `http://${String(req.headers.host)}`
      const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }]
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify(req.url === '/keys' ? { keys } : { issuer: issuerOf(url), jwks_uri: `${url}/keys` }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  const other = 'https://sts.other.example/tenant/'
  const guarded = (url: string, matchIssuer: boolean) =>
    withJwt(configOf({ discoveryUrl: `${url}/.well-known/openid-configuration`, allowedClients: ['caller'] }), {
      provider: { matchIssuer },
    })

  it('is reported once, and its tokens are checked', () =>
    withProvider(
      () => other,
      (url) =>
        served(guarded(url, false), async ({ port, lines }) => {
          for (const _ of [1, 2])
            expect((await ask(port, { headers: bearer(tokenOf(other)), body: '{}' })).status).toBe(200)
          expect((await ask(port, { headers: bearer(tokenOf(url)), body: '{}' })).status).toBe(401)
          expect(lines.filter((line) => JSON.stringify(line).includes('names the issuer'))).toHaveLength(1)
        }),
    ))

  it('is rejected with matchIssuer', () =>
    withProvider(
      () => other,
      (url) =>
        served(guarded(url, true), async ({ port }) => {
          const got = await ask(port, { headers: bearer(tokenOf(other)), body: '{}' })
          expect([got.status, failureIn(got.text).code]).toEqual([503, 'AUTHORIZER_UNAVAILABLE'])
        }),
    ))

  it.each([(url: string) => url, (url: string) => `${url}/`])(
    'is none where only a slash differs: case %#',
    (issuerOf) =>
      withProvider(issuerOf, (url) =>
        served(guarded(url, true), async ({ port }) => {
          expect((await ask(port, { headers: bearer(tokenOf(issuerOf(url))), body: '{}' })).status).toBe(200)
        }),
      ),
  )
})
