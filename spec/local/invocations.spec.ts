import { connect } from 'node:net'
import { once } from 'node:events'
import * as TE from 'fp-ts/TaskEither'
import { testClock } from '../../lib/testing'
import { plainSession } from '../../lib/local/dataplane/Admission'
import { ask, errorOf, eventually, invoke, local, ofSession, seen, sessionId, valueOf } from './support'

const a = sessionId('a')

const custom = 'x-amzn-bedrock-agentcore-runtime-custom-'

describe('an invocation through the data plane', () => {
  it('is answered by the agent, with the headers of the service', () =>
    local({}, async (at) => {
      const got = await invoke(at, a, { text: 'hi' }, { 'x-amzn-trace-id': 'Root=1-2-3' })
      expect(valueOf(got)['wish']).toEqual({ text: 'hi' })
      expect(got.headers).toMatchObject({
        'content-type': 'application/json',
        'x-amzn-bedrock-agentcore-runtime-session-id': a,
        'x-amzn-requestid': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'x-amzn-trace-id': 'Root=1-2-3',
      })
      expect(got.headers).not.toHaveProperty('x-own')
    }))

  it('gets a session of its own, and is told its id, if it names none', () =>
    local({}, async (at) => {
      const ids = await Promise.all(
        [1, 2].map(
          async () => (await invoke(at, undefined, {})).headers['x-amzn-bedrock-agentcore-runtime-session-id'],
        ),
      )
      expect(new Set(ids).size).toBe(2)
      expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
    }))

  it('brings the agent the headers of the service and of the allow-list, and no others', () =>
    local(
      { requestHeaderAllowlist: ['X-Api-Key', `${custom}a`], identityHeaders: { WorkloadAccessToken: 'local' } },
      async (at) => {
        const headers = {
          'X-Api-Key': 'k',
          [`${custom}a`]: 'yes',
          [`${custom}b`]: 'no',
          'x-other': 'no',
          authorization: 'Bearer b',
          'x-amzn-bedrock-agentcore-runtime-user-id': 'ann',
          baggage: 'a=b',
        }
        const got = valueOf(await invoke(at, a, { do: 'headers' }, headers))['headers']
        expect(got).toEqual({
          host: expect.any(String),
          'content-type': 'application/json',
          'content-length': '16',
          'x-api-key': 'k',
          [`${custom}a`]: 'yes',
          'x-amzn-bedrock-agentcore-runtime-user-id': 'ann',
          baggage: 'a=b',
          'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
          'x-amzn-bedrock-agentcore-runtime-session-id': a,
          'x-amzn-bedrock-agentcore-runtime-request-id': expect.any(String),
          'x-agentcore-launch-secret': expect.any(String) as string,
          workloadaccesstoken: 'local',
        })
      },
    ))

  it.each([400, 404, 500, 302])('collapses an answer of %d to the one error of the service', (status) =>
    local({}, async (at) => {
      const got = await invoke(at, a, { do: 'status', n: status })
      expect(errorOf(got)).toEqual([
        424,
        'RuntimeClientError',
        `Received error (${status}) from runtime. Please check your CloudWatch logs for more information.`,
      ])
      expect(got.text).not.toContain('secret')
      expect(got.headers['x-agentcore-local-log']).toBe(seen(at, a)?.log)
      expect(got.headers['x-agentcore-local-reason']).toBe(`the agent responded with ${status}`)
      expect(JSON.parse(String(got.headers['x-agentcore-local-answer']))).toEqual({ secret: 'of the agent' })
    }),
  )

  it('is refused with an id that the service refuses, before anything is started', () =>
    local({}, async (at) => {
      expect(errorOf(await invoke(at, 'too-short', {}))).toEqual([
        400,
        'ValidationException',
        "1 validation error detected: Value at 'runtimeSessionId' failed to satisfy constraint: Member must have length greater than or equal to 33",
      ])
      expect(errorOf(await ask(at, at.path('stopruntimesession'), {})).slice(0, 2)).toEqual([
        400,
        'ValidationException',
      ])
      expect(at.overview().sessions).toEqual([])
    }))

  it('is refused with a body that is too large, told or not', () =>
    local({ limits: { maxPayload: 1000 } }, async (at) => {
      const told = await invoke(at, a, { text: 'x'.repeat(1000) })
      expect(errorOf(told).slice(0, 2)).toEqual([413, 'ValidationException'])
      const chunked = await ask(at, at.path('invocations'), {
        headers: { ...ofSession(a), 'transfer-encoding': 'chunked' },
        body: 'x'.repeat(1001),
      })
      expect(errorOf(chunked).slice(0, 2)).toEqual([413, 'ValidationException'])
    }))

  it('carries large and chunked bodies whole', () =>
    local({}, async (at) => {
      const body = Buffer.alloc(30_000_000, 'x')
      for (const encoding of [{}, { 'transfer-encoding': 'chunked' }]) {
        const got = await ask(at, at.path('invocations'), { headers: { ...ofSession(a), ...encoding }, body })
        expect(valueOf(got)).toEqual({ size: body.length })
      }
    }))

  it('streams events as they come', () =>
    local({}, async (at) => {
      const got = await invoke(at, a, { do: 'stream', n: 500 })
      expect(got.headers['content-type']).toBe('text/event-stream')
      expect(got.text).toBe(Array.from({ length: 500 }, (_, i) => `data: ${i}\n\n`).join(''))
      const parts: Array<string> = []
      const path = at.path('invocations')
      const headers = ofSession(a)
      const onPart = (text: string) => void parts.push(text)
      await ask(at, path, { headers, body: JSON.stringify({ do: 'midstream' }), onPart })
      expect(parts).toEqual(['data: 0\n\n'])
    }))

  it('breaks off at an event that is too large, and says so in the log', () =>
    local({ limits: { maxChunk: 1_000_000 } }, async (at) => {
      expect((await invoke(at, a, { do: 'stream', n: 200_000 })).isWhole).toBe(true)
      expect(await invoke(at, a, { do: 'event', n: 999_990 })).toMatchObject({ status: 200, isWhole: true })
      expect((await invoke(at, a, { do: 'event', n: 1_000_000 })).isWhole).toBe(false)
      await at.logged(/^Aborted a response of session .*: an event is larger than 1000000 bytes$/)
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(4)
    }))

  it('makes the agent wait for a slow reader', () =>
    local({}, async (at) => {
      const socket = connect(at.port, '127.0.0.1')
      const body = JSON.stringify({ do: 'pour' })
      const head = `POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
      socket.write(head + body)
      await once(socket, 'readable')
      const calls = async (): Promise<number> => Number(valueOf(await ask(at, '/invocations', { body: '{}' }))['calls'])
      let last = 0
      await eventually(async () => {
        const now = await calls()
        const stood = now - last === 1
        last = now
        return stood
      }, 'the agent waits')
      expect(last).toBeLessThan(60_000_000)
      socket.destroy()
    }))

  it('goes on without its caller, as in the cloud', () =>
    local({}, async (at) => {
      await invoke(at, a, {})
      const left = new AbortController()
      const gone = fetch(`${at.url}${at.path('invocations')}`, {
        method: 'POST',
        headers: ofSession(a),
        body: JSON.stringify({ do: 'sleep', n: 300 }),
        signal: left.signal,
      }).catch(() => 'left')
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      left.abort()
      expect(await gone).toBe('left')
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(3)
      expect(seen(at, a)?.tasks.invocations).toBe(1)
      await eventually(() => seen(at, a)?.tasks.invocations === 0, 'it is over')
    }))

  it('holds nothing for a caller that has gone while its session was started', () =>
    local({}, async (at) => {
      const body = '{}'
      for (const head of [
        `POST ${at.path('invocations')} HTTP/1.1\r\ncontent-length: ${body.length}`,
        `GET ${at.path('ws')} HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket`,
      ]) {
        const socket = connect(at.port, '127.0.0.1')
        const id = sessionId(head.slice(0, 4).trim())
        socket.write(`${head}\r\nhost: localhost\r\nx-amzn-bedrock-agentcore-runtime-session-id: ${id}\r\n\r\n${body}`)
        await eventually(() => seen(at, id)?.state === 'starting', 'it is being started')
        socket.destroy()
        await eventually(() => seen(at, id)?.state === 'ready', 'it is ready')
        await eventually(() => {
          const { invocations, sockets } = seen(at, id)?.tasks ?? {}
          return invocations === 0 && sockets === 0
        }, 'nothing holds it')
      }
    }))

  it('or is given up with it, if so wanted', () =>
    local({ finishesAlone: false }, async (at) => {
      await invoke(at, a, {})
      const left = new AbortController()
      const gone = fetch(`${at.url}${at.path('invocations')}`, {
        method: 'POST',
        headers: ofSession(a),
        body: JSON.stringify({ do: 'sleep', n: 60_000 }),
        signal: left.signal,
      }).catch(() => 'left')
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      left.abort()
      expect(await gone).toBe('left')
      await eventually(() => seen(at, a)?.tasks.invocations === 0, 'it is given up')
    }))

  it('may take no longer than the service lets it', async () => {
    const clock = testClock(Date.now())
    await local({ clock, pingEvery: 1e9, limits: { syncTimeout: 900_000 } }, async (at) => {
      await invoke(at, a, {})
      const slow = invoke(at, a, { do: 'sleep', n: 60_000 })
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      clock.advance(900_000)
      expect(errorOf(await slow).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
    })
  })

  it('finds the agent card, and no metadata of an agent without tokens', () =>
    local({}, async (at) => {
      const card = await ask(at, at.path('invocations/.well-known/agent-card.json'), { method: 'GET' })
      expect(valueOf(card)).toEqual({ name: 'card' })
      const path = at.path('invocations/.well-known/oauth-protected-resource')
      expect((await ask(at, path, { method: 'GET' })).status).toBe(404)
    }))
})

describe('authorisation', () => {
  const scheme = 'jwt' as const
  const protectedResource = { authorizationServers: ['https://issuer.example.org'] }

  it('refuses with the service’s answer, and says where tokens are had', () =>
    local(
      { protectedResource, authorize: () => TE.left({ _tag: 'Unauthorized', message: 'Missing token' }) },
      async (at) => {
        const got = await invoke(at, a, {})
        expect(errorOf(got)).toEqual([401, 'UnauthorizedException', 'Missing token'])
        const url = `${at.url}${at.path('invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT')}`
        expect(got.headers['www-authenticate']).toBe(`Bearer resource_metadata="${url}"`)
        expect(await (await fetch(url)).json()).toEqual({
          resource: `${at.url}${at.path('invocations')}`,
          authorization_servers: ['https://issuer.example.org'],
          bearer_methods_supported: ['header'],
        })
        expect((await fetch(`${at.url}/ping`)).status).toBe(401)
      },
    ))

  it('may read the body, which reaches the agent all the same', () =>
    local(
      {
        authorize: ({ body }) =>
          TE.map(() => ({ scheme }))(TE.tryCatch(body, () => ({ _tag: 'AccessDenied', message: '' }))),
        requestHeaderAllowlist: ['Authorization'],
      },
      async (at) => {
        expect(valueOf(await invoke(at, a, { text: 'hi' }))['wish']).toEqual({ text: 'hi' })
        const got = valueOf(await invoke(at, a, { do: 'headers' }, { authorization: 'Bearer t' }))
        expect(got['headers']).toMatchObject({ authorization: 'Bearer t' })
      },
    ))

  it('keeps pages of the web away', () =>
    local({}, async (at) => {
      for (const headers of [{ host: 'evil.example.org' }, { origin: 'https://evil.example.org' }]) {
        expect(errorOf(await ask(at, '/invocations', { headers, body: '{}' })).slice(0, 2)).toEqual([
          403,
          'AccessDeniedException',
        ])
      }
      expect((await ask(at, '/invocations', { headers: { origin: at.url }, body: '{}' })).status).toBe(200)
    }))
})

describe('a plain path', () => {
  it('is answered as the agent itself would, in one session for all', () =>
    local({}, async (at) => {
      const first = valueOf(await ask(at, '/invocations?x=y', { body: JSON.stringify({ do: 'headers' }) }))
      expect(first['url']).toBe('/invocations?x=y')
      expect(first['headers']).toHaveProperty('x-amzn-bedrock-agentcore-runtime-session-id', plainSession)
      const failed = await ask(at, '/invocations', { body: JSON.stringify({ do: 'status', n: 418 }) })
      expect(failed).toMatchObject({ status: 418, text: '{"secret":"of the agent"}', headers: { 'x-own': 'yes' } })
      expect(await (await fetch(`${at.url}/ping`)).json()).toMatchObject({ status: 'Healthy' })
      expect((await ask(at, '/ping', { method: 'HEAD' })).status).toBe(200)
      expect(at.overview().sessions.length).toBe(1)
    }))

  it('returns the id of its session, which continues it when it is sent back', () =>
    local({}, async (at) => {
      const first = await ask(at, '/invocations', { body: '{}' })
      const id = String(first.headers['x-amzn-bedrock-agentcore-runtime-session-id'])
      expect(id).toBe(plainSession)
      expect(valueOf(await ask(at, '/invocations', { headers: ofSession(id), body: '{}' }))['calls']).toBe(2)
      expect(at.overview().sessions.map((session) => session.id)).toEqual([id])
    }))

  it('takes any session id that an agent takes, and waits for its start', () =>
    local({}, async (at) => {
      const all = await Promise.all(
        [1, 2, 3].map(() => ask(at, '/invocations', { headers: ofSession('s1'), body: '{}' })),
      )
      expect(all.map(valueOf).map(({ calls }) => calls)).toEqual(expect.arrayContaining([1, 2, 3]))
      expect(seen(at, 's1')?.state).toBe('ready')
    }))
})
