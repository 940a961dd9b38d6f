/** Connections between requests: how long they are kept, and when a client is told to send its body. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, entrypoint, use } from '../../../lib'
import { answerIn, failureIn, type Raw, rawTo, served } from '../support'

const echo = entrypoint((payload) => TE.right(payload))

const behindMiddleware = pipe(
  use((_, next) => next()),
  echo,
)

const lanes: ReadonlyArray<readonly [string, Agent.Agent]> = [
  ['', echo],
  [', behind a middleware', behindMiddleware],
]

const head = (...lines: ReadonlyArray<string>): string => `${lines.join('\r\n')}\r\n\r\n`

const ping = head('GET /ping HTTP/1.1', 'Host: localhost')

/** Sends a ping on a connection that stays open, and returns what was received since it was opened. */
const pinged = async (raw: Raw, times = 1): Promise<string> => {
  raw.say(ping)
  return raw.hears(new RegExp(`(?:"Healthy"[^}]*}[^]*){${times}}`))
}

describe('an idle connection', () => {
  for (const [way, agent] of lanes) {
    it(`is kept for longer than the minute of most load balancers${way}`, () =>
      served(agent, async ({ port, server }) => {
        const raw = await rawTo(port)
        expect(await pinged(raw)).toMatch(/keep-alive: timeout=65\r\n/i)
        expect(server.headersTimeout).toBeGreaterThan(server.keepAliveTimeout)
        expect(await pinged(raw, 2)).toMatch(/200 OK[^]+200 OK/)
        raw.socket.destroy()
      }))
  }

  it('is closed after keepAliveTimeout', () =>
    served(
      echo,
      async ({ port }) => {
        const raw = await rawTo(port)
        expect(await pinged(raw)).toMatch(/^HTTP\/1.1 200 OK/)
        expect(await raw.closed).toMatch(/"Healthy"[^{]+}$/)
      },
      { keepAliveTimeout: 50 },
    ))

  it.each([
    { keepAliveTimeout: 0, requestTimeout: 300_000, headersTimeout: 60_000 },
    { keepAliveTimeout: 120_000, requestTimeout: 300_000, headersTimeout: 121_000 },
    { keepAliveTimeout: 120_000, requestTimeout: 10_000, headersTimeout: 10_000 },
    { keepAliveTimeout: 120_000, requestTimeout: 0, headersTimeout: 121_000 },
  ])('leaves its next request time for its headers: %o', ({ headersTimeout, ...options }) =>
    served(
      echo,
      async ({ server }) => {
        await Promise.resolve()
        expect(server.keepAliveTimeout).toBe(options.keepAliveTimeout)
        expect(server.headersTimeout).toBe(headersTimeout)
      },
      options,
    ),
  )

  it('is closed at once when the app stops', () =>
    served(echo, async ({ app, port }) => {
      const raw = await rawTo(port)
      await pinged(raw)
      const began = performance.now()
      await Promise.all([app.stop(), raw.closed])
      expect(performance.now() - began).toBeLessThan(1000)
    }))
})

describe('Expect: 100-continue', () => {
  const expecting = (request: string, ...fields: ReadonlyArray<string>): string =>
    head(request, 'Host: localhost', 'Expect: 100-continue', ...fields)

  const refusals = [
    ['an unknown path', expecting('POST /none HTTP/1.1', 'Content-Length: 2'), 404, 'NOT_FOUND'],
    ['a wrong method', expecting('PUT /invocations HTTP/1.1', 'Content-Length: 2'), 405, 'METHOD_NOT_ALLOWED'],
    [
      'too large a body',
      expecting('POST /invocations HTTP/1.1', 'Content-Length: 900000000'),
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'an unsupported encoding',
      expecting('POST /invocations HTTP/1.1', 'Content-Length: 2', 'Content-Encoding: tea'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a foreign host',
      expecting('POST /invocations HTTP/1.1', 'Content-Length: 2').replace('localhost', 'example.org'),
      403,
      'FORBIDDEN_HOST',
    ],
  ] as const

  for (const [way, agent] of lanes) {
    it.each(refusals)(`%s is refused before the body is sent${way}`, (_, request, status, code) =>
      served(agent, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(request)
        const answer = await raw.closed
        expect(answer).not.toContain('100 Continue')
        expect([answerIn(answer).status, failureIn(answerIn(answer).body).code]).toEqual([status, code])
      }),
    )

    it(`a body that is read is asked for once, and the connection is kept${way}`, () =>
      served(agent, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(expecting('POST /invocations HTTP/1.1', 'Content-Length: 7'))
        expect(await raw.hears('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
        raw.say('{"a":1}')
        expect(await raw.hears('{"a":1}')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
        expect(await pinged(raw)).toMatch(/200 OK[^]+200 OK/)
        raw.socket.destroy()
      }))
  }

  it('a middleware that reads the body asks for it', () =>
    served(
      use(async (ctx) => {
        const chunks: Array<Buffer> = []
        for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
        ctx.body = Buffer.concat(chunks).toString()
      }),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(expecting('POST /upload HTTP/1.1', 'Content-Length: 2', 'Connection: close'))
        await raw.hears('100 Continue\r\n\r\n')
        raw.say('hi')
        expect(await raw.closed).toMatch(/100 Continue\r\n\r\nHTTP\/1.1 200 OK[^]+\r\n\r\nhi$/)
      },
    ))
})
