/** The authorizers as plain middleware of Koa, what they load, and what they say of their configuration. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Koa = require('koa')
import { jwtMiddleware, sigv4Middleware } from '../../lib/auth'
import { ask, type Got, served } from '../http/support'
import { bearer, withJwt } from './guarded'
import { configOf, withOidc } from './oidc'
import { credentials, signed } from './signing'

/** A plain Koa application that answers its state and what was read of the body. */
const plain = async <A>(middleware: Koa.Middleware, use: (port: number) => Promise<A>): Promise<A> => {
  const app = new Koa()
  app.silent = true
  app.use(middleware).use((ctx) => {
    const { request }: { readonly request: object } = ctx
    const bytes = 'rawBody' in request && request.rawBody instanceof Uint8Array ? request.rawBody : undefined
    ctx.body = { state: ctx.state, body: bytes === undefined ? null : Buffer.from(bytes).toString() }
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const json = ({ status, text }: Got): ReadonlyArray<unknown> => [status, JSON.parse(text)]

describe('in a plain Koa application', () => {
  it('jwtMiddleware leaves the claims in ctx.state, and refuses with status and header', () =>
    withOidc({}, (oidc) =>
      plain(jwtMiddleware(configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })), async (port) => {
        const got = json(await ask(port, { headers: bearer(await oidc.token()) }))
        expect(got).toMatchObject([200, { state: { claims: { iss: oidc.issuer, client_id: 'caller' } } }])
        const refused = await ask(port, { headers: bearer(await oidc.token({ client: 'other' })) })
        expect([refused.status, refused.text]).toEqual([401, "Claim 'client_id' value mismatch with configuration."])
        expect(refused.headers['www-authenticate']).toMatch(/^Bearer resource_metadata="http/)
        expect((await ask(port, { path: '/ping', method: 'GET' })).status).toBe(200)
      }),
    ))

  it('sigv4Middleware leaves the caller in ctx.state and the bytes in ctx.request.rawBody', () =>
    plain(sigv4Middleware({ credentials, region: ['us-west-2', 'us-east-1'] }), async (port) => {
      const request = await signed(
        { body: '{"a":1}' },
        { date: new Date(), host: `127.0.0.1:${port}`, region: 'us-east-1' },
      )
      const { host: _, ...headers } = request.headers
      const got = json(await ask(port, { headers, body: request.body }))
      expect(got).toMatchObject([
        200,
        { state: { caller: { accessKeyId: 'AKIDEXAMPLE', region: 'us-east-1' } }, body: '{"a":1}' },
      ])
      const refused = await ask(port, { headers, body: '{"a":2}' })
      expect([refused.status, refused.headers['x-amzn-errortype']]).toEqual([403, 'InvalidSignatureException'])
    }))
})

describe('a configuration that is unwise', () => {
  it('is told of once, in the log', () =>
    withOidc({}, (oidc) => {
      const claim = {
        inboundTokenClaimName: 'department',
        inboundTokenClaimValueType: 'STRING',
        authorizingClaimMatchValue: { claimMatchOperator: 'CONTAINS', claimMatchValue: { matchValueString: 'ale' } },
      }
      return served(
        withJwt(configOf({ discoveryUrl: oidc.discoveryUrl, customClaims: [claim] })),
        async ({ port, logged }) => {
          const token = await oidc.token()
          for (const _ of [1, 2, 3]) expect((await ask(port, { body: '{}', headers: bearer(token) })).status).toBe(200)
          expect(logged().filter(({ level }) => level === 'WARNING')).toMatchObject([
            { message: expect.stringContaining('allows only EQUALS for a STRING claim, not CONTAINS') },
          ])
        },
      )
    }))
})

describe('agentcore-fp/auth', () => {
  const loadedBy = (name: string): ReadonlyArray<string> => {
    const script = `require('${name}'); console.log(JSON.stringify(Object.keys(require.cache)))`
    const root = join(__dirname, '../../..')
    const all = JSON.parse(
      execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }),
    ) as Array<string>
    return all.map((path) => path.slice(root.length + 1).replaceAll('\\', '/'))
  }

  it('loads nothing but itself, the floors below it, fp-ts and io-ts: no Koa, and no jose before the first token', () => {
    const strangers = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
      paths.filter((path) => !/^(dist\/lib\/(auth|core|node)|dist\/runtime|node_modules\/(fp-ts|io-ts))\//.test(path))
    expect(strangers(loadedBy('./dist/lib/auth'))).toEqual([])
    expect(strangers(loadedBy('agentcore-fp/auth'))).toEqual([])
  })

  it('is not loaded by agentcore-fp', () => {
    expect(loadedBy('./dist/lib').filter((path) => path.includes('lib/auth'))).toEqual([])
    expect(loadedBy('agentcore-fp')).not.toContain('dist/runtime/auth/index.js')
  })
})
