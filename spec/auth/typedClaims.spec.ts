/** Claims that a codec types: what reaches a handler, and what is refused. */
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'
import { z } from 'zod'
import { AuthorizerConfig, type Claims, jwtAuthorizer, jwtMiddleware } from '../../lib/auth'
import { type Context, entrypoint, onSocket, use, websocket } from '../../lib/plain'
import { ask, served } from '../http/support'
import { dial } from '../http/socketSupport'
import { bearer, refusedBoth } from './guarded'
import { configOf, withOidc } from './oidc'

type Has<C> = Context<{ readonly claims: C }>

const Member = z.object({ sub: z.string(), groups: z.array(z.string()) })

const ioTsMember = t.type({ sub: t.string, groups: t.array(t.string) })

const tells = pipe(
  entrypoint((_, { state }: Has<z.infer<typeof Member>>) => state.claims.groups.join()),
  websocket(
    onSocket(async (socket, { state }: Has<z.infer<typeof Member>>) => {
      await socket.send(state.claims)
    }),
  ),
)

describe('the claims of a token', () => {
  it.each([
    ['zod', Member],
    ['io-ts', ioTsMember],
  ])('reach the handler and the socket as a codec of %s decodes them', (_, claims) =>
    withOidc({}, (oidc) => {
      const config = configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })
      return served(pipe(jwtAuthorizer(config, { claims }), tells), async ({ port }) => {
        const headers = bearer(await oidc.token())
        const got = await ask(port, { body: '{}', headers })
        expect([got.status, JSON.parse(got.text)]).toEqual([200, 'admins,users'])
        const peer = await dial(`ws://127.0.0.1:${port}/ws`, { headers })
        expect(await peer.next()).toMatchObject({ sub: 'caller', groups: ['admins', 'users'] })
        await peer.closed
      })
    }),
  )

  it('may be changed by the codec, also to what is no object; ctx.state keeps those of the token', () =>
    withOidc({}, (oidc) => {
      const config = configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })
      const seen: Array<unknown> = []
      const agent = pipe(
        jwtAuthorizer(config, { claims: Member.transform(async ({ groups }) => groups.length) }),
        use((ctx, next) => {
          seen.push((ctx.state['claims'] as Claims).sub)
          return next()
        }),
        entrypoint((_, { state }: Has<number>) => state.claims + 1),
      )
      return served(agent, async ({ port }) => {
        expect((await ask(port, { body: '{}', headers: bearer(await oidc.token()) })).text).toBe('3')
        expect(seen).toEqual(['caller'])
      })
    }))

  it('are refused with 401 and the path of the claim that the codec rejects', () =>
    withOidc({}, (oidc) => {
      const config = configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })
      const agent = pipe(
        jwtAuthorizer(config, { claims: z.object({ tenant: z.string() }) }),
        entrypoint((_, { state }: Has<{ readonly tenant: string }>) => state.claims.tenant),
        websocket(
          onSocket(async (socket, { state }: Has<{ readonly tenant: string }>) => socket.send(state.claims.tenant)),
        ),
      )
      return served(agent, async (at) => {
        const { status, code, error, headers } = await refusedBoth(at, bearer(await oidc.token()))
        expect([status, code, error]).toEqual([
          401,
          'UNAUTHORIZED',
          "Claim 'tenant' value mismatch with configuration.",
        ])
        expect(headers['www-authenticate']).toMatch(/^Bearer resource_metadata=/)
      })
    }))

  it('are not taken from a middleware that puts others in their place', () =>
    withOidc({}, (oidc) => {
      const config = configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })
      const agent = pipe(
        use((ctx, next) => {
          Object.defineProperty(ctx.state, 'claims', { get: () => ({ sub: 'mallory' }), set: () => undefined })
          return next()
        }),
        jwtAuthorizer(config),
        entrypoint((_, { state }: Has<Claims>) => state.claims.sub),
      )
      return served(agent, async ({ port }) => {
        const got = await ask(port, { body: '{}', headers: bearer(await oidc.token()) })
        expect([got.status, got.text]).toEqual([401, expect.stringContaining('UNAUTHORIZED')])
      })
    }))

  it('say what is wrong with a codec when the agent is composed', () => {
    const config = configOf({
      discoveryUrl: 'https://issuer.example.org/x/.well-known/openid-configuration',
      allowedClients: ['caller'],
    })
    // @ts-expect-error it is no codec
    expect(() => jwtAuthorizer(config, { claims: {} })).toThrow(/codec/)
    expect(jwtMiddleware(config)).toBeInstanceOf(Function)
  })
})

describe('a configuration for plain functions', () => {
  const discoveryUrl = 'https://issuer.example.org/pool/.well-known/openid-configuration'
  const good = { customJWTAuthorizer: { discoveryUrl, allowedClients: ['a'] } }

  it('is what decode and parse give', () => {
    expect(AuthorizerConfig.decodeOrThrow(good).customJWTAuthorizer).toEqual(good.customJWTAuthorizer)
    expect(AuthorizerConfig.parseOrThrow(JSON.stringify(good)).customJWTAuthorizer).toEqual(good.customJWTAuthorizer)
  })

  it('throws every issue with its path', () => {
    const wrong = (): unknown => AuthorizerConfig.decodeOrThrow({ customJWTAuthorizer: { allowedClients: [1] } })
    expect(wrong).toThrow(/^Invalid authorizer configuration: .*customJWTAuthorizer\.discoveryUrl.*allowedClients\[0\]/)
    expect(() => AuthorizerConfig.parseOrThrow('{')).toThrow(/^Invalid authorizer configuration: not valid JSON$/)
    try {
      wrong()
    } catch (thrown) {
      expect(thrown).toMatchObject({
        issues: expect.arrayContaining([expect.objectContaining({ path: expect.any(String) })]),
      })
    }
  })
})
