/** What a captured request or a presigned URL can be turned into: nothing that its signature does not cover. */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type Context, entrypoint, websocket } from '../../lib'
import { type Caller, sigv4Authorizer } from '../../lib/auth'
import { createClient } from '../../lib/client'
import { customPrefix, header } from '../../lib/core/Protocol'
import { sigv4Auth } from '../../lib/local'
import { systemClock } from '../../lib/node/Clock'
import { credentials, signed, type Signing, type Unsigned } from '../auth/signing'
import { ask, failureIn, served, type Served } from '../http/support'
import { dial, refused } from '../http/socketSupport'
import { errorOf, ask as askPlane, local, sessionId } from '../local/support'

const [ann, bob] = [sessionId('ann'), sessionId('bob')]
const user = `${customPrefix}user`

type WithCaller = Context.Context<{ readonly caller: Caller }>

const seen = ({ sessionId: id, headers }: WithCaller) => ({ id, user: O.toNullable(headers.get(user)) })

const agent = pipe(
  sigv4Authorizer({ credentials, region: 'us-west-2' }),
  (guarded) =>
    pipe(
      guarded,
      entrypoint((_: unknown, context: WithCaller) => TE.right(seen(context))),
    ),
  (guarded) =>
    pipe(
      guarded,
      websocket((socket, context: WithCaller) => socket.send(seen(context))),
    ),
)

const sign = ({ port }: Served, unsigned: Unsigned, signing: Signing = {}) =>
  signed(unsigned, { date: new Date(), host: `127.0.0.1:${port}`, ...signing })

/** A presigned URL of ann's own session. */
const urlOfAnn = async (at: Served): Promise<string> => {
  const query = { [header.sessionId]: ann, [user]: 'ann' }
  return (await sign(at, { method: 'GET', path: '/ws', query }, { expires: 60 })).target
}

/** Headers that decide something, as an attacker adds them. */
const added: ReadonlyArray<readonly [name: string, value: string]> = [
  [header.sessionId, bob],
  [header.userId, 'bob'],
  [user, 'admin'],
  [`${customPrefix}role`, 'admin'],
  [header.workloadAccessToken, 'token-of-bob'],
  [header.legacyWorkloadAccessToken, 'token-of-bob'],
  [header.oauth2CallbackUrl, 'https://evil.example'],
  ['x-amz-anything', 'x'],
  ['mcp-session-id', 'session-of-bob'],
]

describe('a presigned URL', () => {
  it('opens the session that it was signed for', () =>
    served(agent, async (at) => {
      const peer = await dial(`ws://127.0.0.1:${at.port}${await urlOfAnn(at)}`)
      expect(await peer.next()).toEqual({ id: ann, user: 'ann' })
    }))

  it.each(added)('opens nothing together with the unsigned header %s', (name, value) =>
    served(agent, async (at) => {
      const { status, body } = await refused(at.port, { [name]: value }, { path: await urlOfAnn(at) })
      expect({ status, body }).toMatchObject({ status: 403, body: { code: 'InvalidSignatureException' } })
      expect(JSON.stringify(body)).toContain(`'${name}'`)
    }),
  )

  it('opens nothing with a parameter added, removed or sent twice', () =>
    served(agent, async (at) => {
      const url = await urlOfAnn(at)
      const changed = [
        `${url}&${user}=admin`,
        `${url}&${header.sessionId}=${bob}`,
        url.replace(ann, bob),
        url.replace(new RegExp(`${user}=ann&?`), ''),
      ]
      for (const path of changed) expect((await refused(at.port, {}, { path })).status).toBe(403)
    }))
})

describe('a captured request that was signed in its headers', () => {
  it.each(added)('is rejected with the unsigned header %s', (name, value) =>
    served(agent, async (at) => {
      const { headers, body, target } = await sign(at, { body: '{}' })
      const got = await ask(at.port, { path: target, headers: { ...headers, [name]: value }, body })
      expect([got.status, failureIn(got.text)]).toEqual([
        403,
        expect.objectContaining({
          code: 'InvalidSignatureException',
          error: `'${name}' must be a 'SignedHeader' in the AWS Authorization.`,
        }),
      ])
    }),
  )

  it('is accepted with the same headers signed', () =>
    served(agent, async (at) => {
      const { headers, body, target } = await sign(at, { body: '{}', headers: Object.fromEntries(added) })
      const got = await ask(at.port, { path: target, headers, body })
      expect([got.status, JSON.parse(got.text)]).toEqual([200, { id: bob, user: 'admin' }])
    }))

  it.each(['x-amzn-trace-id', 'traceparent', 'baggage', 'x-forwarded-for', 'via', 'accept-language'])(
    'is accepted with %s, which a proxy adds after signing',
    (name) =>
      served(agent, async (at) => {
        const { headers, body, target } = await sign(at, { body: '{}' })
        expect((await ask(at.port, { path: target, headers: { ...headers, [name]: 'a=b' }, body })).status).toBe(200)
      }),
  )

  it('is rejected for a session header that was signed once and is sent twice', () =>
    served(agent, async (at) => {
      const { headers, body, target } = await sign(at, { body: '{}', headers: { [header.sessionId]: ann } })
      const twice = { ...headers, [header.sessionId]: [ann, bob] }
      expect((await ask(at.port, { path: target, headers: twice, body })).status).toBe(403)
    }))
})

describe('a WebSocket request as the Python SDK of AgentCore signs it', () => {
  /** Signed: host and date. The session id is added afterwards. */
  const asPython = async (at: Served) => (await sign(at, { method: 'GET', path: '/ws' })).headers

  it('opens the session of its header', () =>
    served(agent, async (at) => {
      const peer = await dial(`ws://127.0.0.1:${at.port}/ws`, {
        headers: { ...(await asPython(at)), [header.sessionId]: ann },
      })
      expect(await peer.next()).toEqual({ id: ann, user: null })
    }))

  it('takes no other unsigned header', () =>
    served(agent, async (at) => {
      const headers = { ...(await asPython(at)), [header.sessionId]: ann, [header.userId]: 'bob' }
      expect((await refused(at.port, headers)).status).toBe(403)
    }))
})

describe('the client of this package', () => {
  it('signs all that it sends, in headers and in a URL', () =>
    served(agent, async ({ url }) => {
      const client = createClient({ url, region: 'us-west-2', credentials })
      try {
        const options = { sessionId: ann, params: { [user]: 'ann' } }
        const byHeader = await client.generateWsConnection({ ...options, headers: { [`${customPrefix}a`]: 'b' } })
        expect(await (await dial(byHeader.url, { headers: byHeader.headers })).next()).toEqual({ id: ann, user: 'ann' })
        const byUrl = await client.generatePresignedUrl(options)
        expect(await (await dial(byUrl.url)).next()).toEqual({ id: ann, user: 'ann' })
        const answer = await client.invoke({}, { sessionId: ann, headers: { [user]: 'ann' } })
        expect(answer).toMatchObject({ _tag: 'Json', value: { id: ann, user: 'ann' } })
      } finally {
        client.close()
      }
    }))
})

describe('the data plane with --auth sigv4', () => {
  const silent = () => () => undefined
  const log = { debug: silent, info: silent, warn: silent, error: silent }

  it('starts no session for an unsigned session or user id', () =>
    local(sigv4Auth(TE.right(credentials), 'us-west-2', systemClock, log), async (at) => {
      const host = `127.0.0.1:${at.port}`
      const path = at.path('invocations')
      const { headers, body } = await signed({ path, body: '{}' }, { date: new Date(), host })
      for (const name of [header.sessionId, header.userId]) {
        const got = await askPlane(at, path, { headers: { ...headers, [name]: bob }, body })
        expect(errorOf(got)).toEqual([403, 'AccessDeniedException', expect.stringContaining(`'${name}'`)])
      }
      const url = await signed(
        { method: 'GET', path: at.path('ws'), query: { [header.sessionId]: ann } },
        { date: new Date(), host, expires: 60 },
      )
      expect((await refused(at.port, { [header.userId]: 'bob' }, { path: url.target })).status).toBe(403)
      expect((await refused(at.port, { [header.sessionId]: bob }, { path: url.target })).status).toBe(400)
      expect(at.overview().sessions).toEqual([])
    }))
})
