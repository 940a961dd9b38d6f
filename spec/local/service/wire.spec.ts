/** Forms of HTTP that clients use and the data plane takes. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { ask, errorOf, invoke, local, ofSession, sessionId, valueOf } from '../support'

const a = sessionId('a')

const offers: ReadonlyArray<Readonly<Record<string, string>>> = [
  { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' },
  { connection: 'upgrade', upgrade: 'TLS/1.0' },
]

it.each(offers)('a request that offers another protocol is served as it is: %j', (offer) =>
  local({}, async (at) => {
    expect(valueOf(await invoke(at, a, { text: 'hi' }, offer))['wish']).toEqual({ text: 'hi' })
    const plain = await ask(at, '/invocations', { headers: { ...offer, ...ofSession(a) }, body: '{"text":"plain"}' })
    expect(valueOf(plain)['wish']).toEqual({ text: 'plain' })
    expect((await ask(at, '/nowhere', { method: 'GET', headers: offer })).status).toBe(404)
  }),
)

it('a target may be an absolute URL', () =>
  local({}, async (at) => {
    const body = '{"text":"hi"}'
    const exchanged = async (path: string): Promise<string> => {
      const connection = connect(at.port, '127.0.0.1')
      const parts: Array<Buffer> = []
      connection.on('data', (part: Buffer) => parts.push(part))
      connection.write(
        `POST ${at.url}${path} HTTP/1.1\r\nHost: 127.0.0.1:${at.port}\r\nConnection: close\r\n` +
          `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: ${a}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      await once(connection, 'close')
      return Buffer.concat(parts).toString()
    }
    for (const path of ['/invocations', at.path('invocations?qualifier=DEFAULT')])
      expect(await exchanged(path)).toMatch(/^HTTP\/1\.1 200 .*"wish":\{"text":"hi"\}/s)
  }))

it('every refusal has a request id, before and after the caller is let in', () =>
  local({}, async (at) => {
    const refusals = [
      await ask(at, '/nowhere'),
      await ask(at, at.path('invocations?qualifier=OTHER')),
      await invoke(at, 'too-short', {}),
      await invoke(at, a, {}, { origin: 'https://evil.example' }),
      await ask(at, at.path('stopruntimesession'), { headers: {} }),
      await ask(at, '/ws', {
        method: 'GET',
        headers: { connection: 'upgrade', upgrade: 'websocket', host: 'evil.example' },
      }),
    ]
    const ids = refusals.map(({ headers }) => headers['x-amzn-requestid'])
    expect(refusals.map((got) => errorOf(got)[0])).toEqual([404, 404, 400, 403, 400, 403])
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/^[\w-]{16,}$/)))
    expect(new Set(ids).size).toBe(ids.length)
  }))
