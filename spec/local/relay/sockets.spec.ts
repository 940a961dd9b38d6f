import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { testClock } from '../../../lib/testing'
import { type At, errorOf, eventually, local, ofSession, seen, sessionId, stopSession } from '../support'

const a = sessionId('a')

interface Client {
  readonly ws: WebSocket
  readonly heard: ReadonlyArray<string>
  readonly hears: (what: string | RegExp) => Promise<string>
  readonly closed: Promise<readonly [number, string]>
}

const open = async (
  at: At,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  protocols: ReadonlyArray<string> = [],
): Promise<Client> => {
  const ws = new WebSocket(`${at.url.replace('http', 'ws')}${path}`, [...protocols], { headers: { ...headers } })
  const heard: Array<string> = []
  ws.on('message', (data: Buffer) => heard.push(data.toString()))
  const closed = new Promise<readonly [number, string]>((resolve) =>
    ws.once('close', (code, reason) => resolve([code, reason.toString()])),
  )
  ws.on('error', () => undefined) // `close` tells
  await once(ws, 'open')
  const hears = async (what: string | RegExp): Promise<string> => {
    const find = (): string | undefined =>
      heard.find((text) => (typeof what === 'string' ? text === what : what.test(text)))
    await eventually(() => find() !== undefined, `it hears ${String(what)}`)
    return find() ?? ''
  }
  return { ws, heard, hears, closed }
}

/** What an upgrade is refused with. */
const refused = async (at: At, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const ws = new WebSocket(`${at.url.replace('http', 'ws')}${path}`, { headers: { ...headers } })
  ws.on('error', () => undefined)
  const [, answer] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
  const parts: Array<Buffer> = []
  for await (const part of answer) parts.push(part as Buffer)
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: Buffer.concat(parts).toString(),
    isWhole: true,
  }
}

describe('a socket', () => {
  it('passes messages both ways, as text and as bytes, in their order and whole', () =>
    local({ limits: { framesPerSecond: 0 } }, async (at) => {
      const { ws, heard, hears, closed } = await open(at, at.path('ws?qualifier=DEFAULT'), ofSession(a))
      const all = Array.from({ length: 2000 }, (_, i) => `message ${i} ${'x'.repeat(i)}`)
      all.forEach((text) => ws.send(text))
      await hears(all.at(-1) ?? '')
      expect(heard.slice(1)).toEqual(all)
      const [data, isBinary] = await new Promise<readonly [Buffer, boolean]>((resolve) => {
        ws.once('message', (part: Buffer, binary: boolean) => resolve([part, binary]))
        ws.send(Buffer.from([0, 255]))
      })
      expect([[...data], isBinary]).toEqual([[0, 255], true])
      ws.close(1000)
      expect((await closed)[0]).toBe(1000)
      await eventually(() => seen(at, a)?.tasks.sockets === 0, 'the session knows')
    }))

  it('brings the session id and custom headers by the query to the agent as headers', () => {
    const prefix = 'X-Amzn-Bedrock-AgentCore-Runtime-'
    return local({ requestHeaderAllowlist: [`${prefix}Custom-A`] }, async (at) => {
      const query = `${prefix}Session-Id=${a}&${prefix}Custom-A=b&${prefix}Custom-B=c`
      const { ws, hears, closed } = await open(at, at.path(`ws?${query}`))
      const { headers } = JSON.parse(await hears(/headers/)) as { readonly headers: object }
      expect(headers).toMatchObject({
        'x-amzn-bedrock-agentcore-runtime-session-id': a,
        'x-amzn-bedrock-agentcore-runtime-custom-a': 'b',
        'x-amzn-bedrock-agentcore-runtime-request-id': expect.any(String),
      })
      expect(headers).not.toHaveProperty('x-amzn-bedrock-agentcore-runtime-custom-b')
      ws.close()
      await closed
    })
  })

  it('agrees on a subprotocol with the agent, and keeps a browser’s token from it', () =>
    local({}, async (at) => {
      const first = await open(at, at.path('ws'), ofSession(a), ['other', 'chat'])
      expect(first.ws.protocol).toBe('chat')
      const token = ['base64UrlBearerAuthorization.dG9rZW4', 'base64UrlBearerAuthorization']
      const second = await open(at, at.path('ws'), ofSession(a), token)
      expect(second.ws.protocol).toBe('base64UrlBearerAuthorization')
      expect(await second.hears(/headers/)).not.toContain('dG9rZW4')
      first.ws.close()
      second.ws.close()
      await Promise.all([first.closed, second.closed])
    }))

  it.each([1000, 1001, 1011, 3000, 4999])('is closed with the code %d of the agent', (code) =>
    local({}, async (at) => {
      const { ws, closed } = await open(at, at.path('ws'), ofSession(a))
      ws.send(`close ${code}`)
      expect(await closed).toEqual([code, 'asked for'])
    }),
  )

  it('brings the agent the code of the caller, its pings, and its end without a word', () =>
    local({}, async (at) => {
      const { ws, closed } = await open(at, at.path('ws'), ofSession(a))
      const pong = once(ws, 'pong')
      ws.ping('p1')
      expect(String((await pong)[0])).toBe('p1')
      ws.close(4321)
      await closed
      const cut = await open(at, at.path('ws'), ofSession(a))
      cut.ws.terminate()
      const output = (): string => readFileSync(seen(at, a)?.log ?? '', 'utf8')
      for (const said of ['pinged p1\n', 'closed 4321\n', 'closed 1006\n']) {
        await eventually(() => output().includes(said), `the agent has said ${said}`)
      }
    }))

  it('is closed with 1009 for a message that is too large, of either side', () =>
    local({}, async (at) => {
      const first = await open(at, at.path('ws'), ofSession(a))
      first.ws.send('x'.repeat(65_537))
      expect((await first.closed)[0]).toBe(1009)
      const second = await open(at, at.path('ws'), ofSession(a))
      second.ws.send('big 65536')
      await second.hears('x'.repeat(65_536))
      second.ws.send('big 65537')
      expect((await second.closed)[0]).toBe(1009)
    }))

  it('is closed with 1008 for too many messages in a second', () =>
    local({ clock: testClock(0) }, async (at) => {
      const { ws, heard, closed } = await open(at, at.path('ws'), ofSession(a))
      for (let i = 0; i < 251; i++) ws.send('x')
      expect((await closed)[0]).toBe(1008)
      expect(heard.length).toBeLessThanOrEqual(251)
    }))

  it('is closed with 1008 when it has lasted too long, and with 1001 when its session or the runtime ends', async () => {
    const clock = testClock(0)
    await local({ clock, pingEvery: 1e9 }, async (at) => {
      const long = await open(at, at.path('ws'), ofSession(a))
      clock.advance(3_600_000)
      expect((await long.closed)[0]).toBe(1008)
      const cut = await open(at, at.path('ws'), ofSession(a))
      await stopSession(at, a)
      expect((await cut.closed)[0]).toBe(1001)
      const last = await open(at, at.path('ws'), ofSession(a))
      void at.stop()
      expect((await last.closed)[0]).toBe(1001)
    })
  })

  it('is closed with 1011 when the agent dies', () =>
    local({}, async (at) => {
      const { ws, closed } = await open(at, at.path('ws'), ofSession(a))
      ws.send('die')
      expect((await closed)[0]).toBe(1011)
      await at.logged(/exited with code 7/)
    }))

  it('keeps its session only by messages, which count as use', async () => {
    const clock = testClock(Date.now())
    await local({ clock, pingEvery: 500_000, limits: { streamTimeout: 0 } }, async (at) => {
      const { ws, hears, closed } = await open(at, at.path('ws'), ofSession(a))
      await eventually(() => clock.pending() === 1, 'the ping is planned')
      clock.advance(500_000)
      await eventually(() => clock.pending() === 1, 'the next ping is planned')
      ws.send('still here')
      await hears('still here')
      clock.advance(500_000)
      await eventually(() => clock.pending() === 1, 'the next ping is planned')
      expect(seen(at, a)?.state).toBe('ready')
      clock.advance(500_000)
      expect((await closed)[0]).toBe(1001)
    })
  })

  it('is refused by the service in its words, and on the plain path by the agent in its own', () =>
    local({ requestHeaderAllowlist: ['X-Amzn-Bedrock-AgentCore-Runtime-Custom-Refuse'] }, async (at) => {
      expect(errorOf(await refused(at, at.path('ws'), ofSession('short'))).slice(0, 2)).toEqual([
        400,
        'ValidationException',
      ])
      expect(errorOf(await refused(at, '/runtimes/x/ws')).slice(0, 2)).toEqual([400, 'ValidationException'])
      const headers = { ...ofSession(a), 'x-amzn-bedrock-agentcore-runtime-custom-refuse': 'yes' }
      const byAgent = await refused(at, at.path('ws'), headers)
      expect(errorOf(byAgent).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      expect(byAgent.headers['x-agentcore-local-answer']).toBe('short')
      expect(await refused(at, '/ws?refuse')).toMatchObject({ status: 418, text: 'short' })
      expect(seen(at, a)?.tasks.sockets).toBe(0)
    }))
})
