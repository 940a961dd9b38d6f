/** `jwtAuthorizer` against an OpenID provider of others' making, `oidc-provider`, that runs beside it. */
import { ask, served } from '../http/support'
import { dial } from '../http/socketSupport'
import { bearer, refusedBoth, withJwt } from './guarded'
import { configOf, discoveryUrlOf, freePort, keyOf, type Oidc, protocolsOf, withOidc } from './oidc'

const allowing = ({ discoveryUrl }: Pick<Oidc, 'discoveryUrl'>, more: Readonly<Record<string, unknown>> = {}) =>
  configOf({ discoveryUrl, allowedAudience: ['urn:agent'], allowedClients: ['caller'], ...more })

const invoke = (port: number, token: string) => ask(port, { body: '{"a":1}', headers: bearer(token) })

/** Time that the spec moves. */
const movable = () => {
  const offset = { ms: 0 }
  return { offset, clock: { now: () => Date.now() + offset.ms } }
}

const swapped = (token: string, part: number, change: (json: Record<string, unknown>) => unknown): string =>
  token
    .split('.')
    .map((text, at) =>
      at === part
        ? Buffer.from(
            JSON.stringify(change(JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>)),
          ).toString('base64url')
        : text,
    )
    .join('.')

describe('with a provider that runs', () => {
  it('lets in who brings its token, to the handler and to the socket, by header and by subprotocol', () =>
    withOidc({}, (oidc) =>
      served(withJwt(allowing(oidc)), async ({ port, lines }) => {
        const token = await oidc.token()
        const got = await invoke(port, token)
        expect([got.status, JSON.parse(got.text)]).toEqual([200, { sub: 'caller', payload: { a: 1 } }])
        const url = `ws://127.0.0.1:${port}/ws`
        expect(await (await dial(url, { headers: bearer(token) })).next()).toEqual({ sub: 'caller', protocol: null })
        const peer = await dial(url, { protocols: protocolsOf(token) })
        expect(await peer.next()).toEqual({ sub: 'caller', protocol: 'base64UrlBearerAuthorization' })
        expect(peer.ws.protocol).toBe('base64UrlBearerAuthorization')
        await peer.closed
        expect(lines.join('')).not.toContain(token.slice(-20))
        expect(lines.join('')).not.toContain(Buffer.from(token).toString('base64url').slice(-30))
      }),
    ))

  it('checks scopes and custom claims of its tokens', () =>
    withOidc({}, async (oidc) => {
      const custom = (name: string, type: string, operator: string, value: object) => ({
        inboundTokenClaimName: name,
        inboundTokenClaimValueType: type,
        authorizingClaimMatchValue: { claimMatchOperator: operator, claimMatchValue: value },
      })
      const good = allowing(oidc, {
        allowedScopes: ['invoke', 'admin'],
        customClaims: [
          custom('department', 'STRING', 'EQUALS', { matchValueString: 'sales' }),
          custom('groups', 'STRING_ARRAY', 'CONTAINS_ANY', { matchValueStringList: ['admins', 'owners'] }),
        ],
      })
      await served(withJwt(good), async (at) => {
        expect((await invoke(at.port, await oidc.token())).status).toBe(200)
        const { error } = await refusedBoth(at, bearer(await oidc.token({ scope: 'read' })))
        expect(error).toBe("Claim 'scope' value mismatch with configuration.")
      })
      const other = allowing(oidc, {
        customClaims: [custom('groups', 'STRING_ARRAY', 'CONTAINS', { matchValueString: 'owners' })],
      })
      await served(withJwt(other), async (at) => {
        const { status, error } = await refusedBoth(at, bearer(await oidc.token()))
        expect([status, error]).toEqual([401, "Claim 'groups' value mismatch with configuration."])
      })
    }))

  it('refuses another audience, another client, a changed token, another algorithm, and no token', () =>
    withOidc({}, (oidc) =>
      served(withJwt(allowing(oidc)), async (at) => {
        const token = await oidc.token()
        const [head = '', payload = '', signature = ''] = token.split('.')
        const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
          [bearer(await oidc.token({ resource: 'urn:other' })), "Claim 'aud' value mismatch with configuration."],
          [bearer(await oidc.token({ client: 'other' })), "Claim 'client_id' value mismatch with configuration."],
          [
            bearer(swapped(token, 1, (claims) => ({ ...claims, sub: 'mallory' }))),
            'The token is not signed with a key of the provider',
          ],
          [
            bearer(`${head}.${payload}.${signature.slice(0, -4)}AAAA`),
            'The token is not signed with a key of the provider',
          ],
          [
            bearer(swapped(token, 0, (header) => ({ ...header, alg: 'none' }))),
            'The token is signed with an algorithm that is not allowed',
          ],
          [
            bearer(swapped(token, 0, (header) => ({ ...header, alg: 'HS256' }))),
            'The token is signed with an algorithm that is not allowed',
          ],
          [bearer(`${head}.${payload}.`), 'The token is not signed with a key of the provider'],
          [bearer(payload), 'The token is malformed'],
          [{}, 'Missing bearer token'],
        ]
        for (const [headers, message] of cases) {
          const { status, code, error, headers: got } = await refusedBoth(at, headers)
          expect([status, code, error]).toEqual([401, 'UNAUTHORIZED', message])
          expect(got['www-authenticate']).toBe(
            `Bearer resource_metadata="${at.url}/invocations/.well-known/oauth-protected-resource"`,
          )
        }
        expect(at.lines.join('')).not.toContain(signature)
        expect(at.lines.join('')).not.toContain(payload)
      }),
    ))

  it('refuses a token once it has expired, and not while the clocks may differ', () => {
    const { offset, clock } = movable()
    return withOidc({ lifetime: 100 }, (oidc) =>
      served(withJwt(allowing(oidc), { clock }), async (at) => {
        const token = await oidc.token()
        offset.ms = 150_000
        expect((await invoke(at.port, token)).status).toBe(200)
        offset.ms = 170_000
        expect(await refusedBoth(at, bearer(token))).toMatchObject({ status: 401, error: 'The token has expired' })
      }),
    )
  })

  it('refuses the token of another provider, even with the same keys', async () => {
    const keys = [keyOf('first')]
    await withOidc({ keys }, (mine) =>
      withOidc({ keys }, (other) =>
        served(withJwt(allowing(mine)), async (at) => {
          const { error } = await refusedBoth(at, bearer(await other.token()))
          expect(error).toBe('The token was issued by another issuer')
        }),
      ),
    )
  })

  it('takes up new keys, and drops old ones, when the provider has changed them', async () => {
    const { offset, clock } = movable()
    const port = await freePort()
    const [first, second] = [keyOf('first'), keyOf('second')]
    await served(withJwt(allowing({ discoveryUrl: discoveryUrlOf(port) }), { clock }), async (at) => {
      const old = await withOidc({ port, keys: [first] }, async (oidc) => {
        const token = await oidc.token()
        expect((await invoke(at.port, token)).status).toBe(200)
        return token
      })
      await withOidc({ port, keys: [second, first] }, async (oidc) => {
        const token = await oidc.token()
        // The keys were asked for just now: an unknown one is no reason to ask again yet.
        expect((await invoke(at.port, token)).status).toBe(401)
        offset.ms = 10_001
        expect((await invoke(at.port, token)).status).toBe(200)
        expect((await invoke(at.port, old)).status).toBe(200)
      })
      await withOidc({ port, keys: [second] }, async () => {
        offset.ms += 600_000
        expect(await refusedBoth(at, bearer(old))).toMatchObject({ status: 401 })
      })
    })
  })

  it('that is down at the start is 503, then let in without a new start, and kept on when it is down again', async () => {
    const { offset, clock } = movable()
    const port = await freePort()
    await served(withJwt(allowing({ discoveryUrl: discoveryUrlOf(port) }), { clock }), async (at) => {
      const keys = [keyOf('first')]
      const early = await withOidc({ port, keys, lifetime: 100_000 }, (oidc) => oidc.token())
      const down = await refusedBoth(at, bearer(early))
      expect([down.status, down.code, down.headers['retry-after']]).toEqual([503, 'AUTHORIZER_UNAVAILABLE', '1'])
      expect((await ask(at.port, { path: '/ping', method: 'GET' })).status).toBe(200)
      expect(at.lines.join('')).toContain(`Could not reach ${discoveryUrlOf(port)}`)
      offset.ms += 1001
      await withOidc({ port, keys }, async () => expect((await invoke(at.port, early)).status).toBe(200))
      offset.ms += 700_000
      expect((await invoke(at.port, early)).status).toBe(200)
      expect((await invoke(at.port, early)).status).toBe(200)
      offset.ms += 86_400_000
      expect((await refusedBoth(at, bearer(early))).status).toBe(503)
      const failures = at.logged().filter(({ level }) => level === 'ERROR')
      expect(failures.every(({ errorMessage }) => String(errorMessage).includes('Could not reach'))).toBe(true)
      expect(at.lines.join('')).not.toContain(early.slice(-20))
    })
  })

  it('serves the metadata of the resource without a token', () =>
    withOidc({}, (oidc) =>
      served(withJwt(allowing(oidc, { allowedScopes: ['invoke'] })), async ({ port, url }) => {
        const read = async (path: string) => {
          const got = await ask(port, { path, method: 'GET' })
          return [got.status, got.status === 200 ? JSON.parse(got.text) : undefined]
        }
        const document = (resource: string) => ({
          resource,
          authorization_servers: [oidc.issuer],
          bearer_methods_supported: ['header'],
          scopes_supported: ['invoke'],
        })
        expect(await read('/.well-known/oauth-protected-resource')).toEqual([200, document(url)])
        expect(await read('/invocations/.well-known/oauth-protected-resource')).toEqual([
          200,
          document(`${url}/invocations`),
        ])
        expect(await read('/.well-known/oauth-protected-resource/invocations')).toEqual([
          200,
          document(`${url}/invocations`),
        ])
        expect((await read('/.well-known/oauth-protected-resource/x'))[0]).toBe(401)
        expect((await ask(port, { path: '/.well-known/oauth-protected-resource' })).status).toBe(405)
        const server = (await (await fetch(`${oidc.issuer}/.well-known/openid-configuration`)).json()) as {
          readonly issuer: string
        }
        expect(server.issuer).toBe(oidc.issuer)
      }),
    ))
})
