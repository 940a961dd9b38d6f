/** Request smuggling: whatever a request's end is in doubt about, the bytes behind it never become a request of their own. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { entrypoint, Handler, type Options, use, websocket } from '../../lib'
import { failureIn } from '../http/support'
import { closing, exchange, heardAfter, request, responsesIn, standing, statusesOf } from './held'
import { bodies, malformed, poison, smuggled } from './heldRequests'

/** An agent that remembers what it was asked. */
const recording = () => {
  const calls: Array<unknown> = []
  const agent = pipe(
    entrypoint((payload: unknown) =>
      TE.fromIO(() => {
        calls.push(payload)
        return payload
      }),
    ),
    websocket(Handler.fromMessages((messages) => messages)),
  )
  return { calls, agent }
}

const invocations = '/invocations'

const options: Options = { requestTimeout: 2000 }

const lanes = {
  'an agent alone': recording(),
  'an agent behind a middleware': (() => {
    const { calls, agent } = recording()
    return {
      calls,
      agent: pipe(
        use((_, next) => next()),
        agent,
      ),
    }
  })(),
}

describe.each(Object.entries(lanes))('%s', (_, { calls, agent }) => {
  const at = standing(agent, options)

  afterEach(() => {
    expect(calls).not.toContain(poison)
    calls.length = 0
  })

  describe('answers 400 once and closes the connection for', () => {
    it.each(malformed)('%s', async (__, bytes) => {
      const responses = await exchange(at().port, bytes(invocations))
      expect(statusesOf(responses)).toEqual([400])
      expect(failureIn(responses[0]?.body ?? '').code).toBe('BAD_REQUEST')
      expect(responses[0]?.head.toLowerCase()).toContain('connection: close')
    })
  })

  describe('leaves the body a body of', () => {
    it.each(bodies)('%s', async (name, bytes, status) => {
      const text = await heardAfter(at().port, bytes(invocations))
      expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(Number(text.slice(9, 12))).toBe(status)
      if (name.startsWith('TRACE')) expect(text).not.toContain('Content-Length: 8')
    })
  })

  it.each([
    ['refused', ['Sec-WebSocket-Version: 13']],
    ['refused for its version', ['Sec-WebSocket-Version: 7', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']],
    ['refused with a length', ['Sec-WebSocket-Version: 13', `Content-Length: ${smuggled().length}`]],
  ])('an upgrade that is %s does not serve what comes behind it', async (__, fields) => {
    const head = ['GET /ws HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', ...fields]
    expect(statusesOf(await exchange(at().port, request(head) + smuggled()))).toEqual([400])
  })

  it('the bytes behind a handshake are frames, not requests', async () => {
    const head = [
      ...['GET /ws HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'],
      ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
    ]
    const text = await heardAfter(at().port, request(head) + smuggled())
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('chunks with extensions and a trailer are one request, and what is behind them is another', async () => {
    const body = '2;a=b;c="d"\r\n{"\r\n4;e\r\na":1\r\n01\r\n}\r\n0;z\r\nX-A: b\r\n\r\n'
    const head = ['POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked']
    const last = request(['GET /ping HTTP/1.1', ...closing])
    const responses = await exchange(at().port, request(head, body) + last)
    expect(responses.map(({ status, body: text }) => [status, text.slice(0, 9)])).toEqual([
      [200, '{"a":1}'],
      [200, '{"status"'],
    ])
  })

  it.each(['Content-Length: 99', 'Transfer-Encoding: identity', 'Host: evil', 'Authorization: Bearer x'])(
    'a trailer %s sets nothing',
    async (trailer) => {
      const head = ['POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked']
      const last = request(['GET /ping HTTP/1.1', ...closing])
      const bytes = request(head, `2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`) + last
      const statuses = statusesOf(await exchange(at().port, bytes))
      expect([[400], [200, 200]]).toContainEqual(statuses)
    },
  )

  it('names that only look like framing frame nothing', async () => {
    const fields = ['Transfer_Encoding: chunked', 'X-Transfer-Encoding: chunked', 'Content_Length: 99', 'TE: chunked']
    const head = ['POST /invocations HTTP/1.1', ...closing, 'Content-Length: 2', ...fields]
    expect(await exchange(at().port, request(head, '[]'))).toMatchObject([{ status: 200, body: '[]' }])
  })

  it('nothing is served behind a request that asks to close', async () => {
    const head = ['POST /invocations HTTP/1.1', ...closing, 'Content-Length: 2']
    expect(await exchange(at().port, request(head, '[]') + smuggled())).toHaveLength(1)
  })

  it('a hundred requests in one packet are each answered once, in their order', async () => {
    const one = (n: number): string =>
      request(['POST /invocations HTTP/1.1', 'Host: localhost', `Content-Length: ${String(n).length}`], String(n))
    const all = Array.from({ length: 100 }, (__, n) => one(n)).join('')
    const responses = await exchange(at().port, all + request(['GET /nowhere HTTP/1.1', ...closing]))
    expect(responses.map(({ body }) => body).slice(0, 100)).toEqual(Array.from({ length: 100 }, (__, n) => String(n)))
    expect(responses[100]?.status).toBe(404)
    expect(responses).toHaveLength(101)
  })

  it('one bad request behind good ones ends the connection, and those behind it are not served', async () => {
    const good = request(['POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 1'], '1')
    const responses = responsesIn(await heardAfter(at().port, `${good}${good}bad\r\n\r\n${smuggled()}`))
    expect(statusesOf(responses).filter((status) => status === 400).length).toBeLessThanOrEqual(1)
    expect(statusesOf(responses).every((status) => status === 200 || status === 400)).toBe(true)
  })

  describe('takes for a path of its own no', () => {
    it.each([
      ...['/invocations/', '/Invocations', '/INVOCATIONS', '/invocations/.', '/invocations/..', '/./invocations'],
      ...['//invocations', '///invocations', '/x//invocations', '/ping/../invocations', '/ping/..%2finvocations'],
      ...[
        '/%69nvocations',
        '/invocations%2f',
        '/invocations%00',
        '/invocations%20',
        '/invocations%0d%0a',
        '/%2finvocations',
      ],
      ...[
        '/invocations;a=b',
        '/invocations.json',
        '/invocations\\',
        '/\\invocations',
        '/x?/invocations',
        '/#/invocations',
      ],
      ...[
        '/invocations#x',
        '/%',
        '/%zz',
        '/%c0%af',
        '/%25',
        '*',
        'http://localhost/',
        'http://localhost/ping/../invocations',
      ],
      ...[
        'http://localhost//invocations',
        'http://localhost',
        'http://localhost?/invocations',
        'HTTP://localhost/x/invocations',
      ],
    ])('%s', async (path) => {
      const head = [`POST ${path} HTTP/1.1`, ...closing, 'Content-Length: 2']
      const responses = await exchange(at().port, Buffer.from(request(head, '{}'), 'latin1'))
      expect(statusesOf(responses)).toEqual([404])
      expect(calls).toEqual([])
    })
  })

  it.each(['http://localhost/invocations', 'HTTP://localhost/invocations?a=b', '/invocations?/../x', '/invocations?'])(
    '%s is the path it says',
    async (path) => {
      const head = [`POST ${path} HTTP/1.1`, ...closing, 'Content-Length: 2']
      expect(statusesOf(await exchange(at().port, request(head, '{}')))).toEqual([200])
      expect(calls).toEqual([{}])
    },
  )

  it.each([
    ['X-HTTP-Method-Override: POST', '/invocations'],
    ['X-HTTP-Method: POST', '/invocations'],
    ['X-Method-Override: POST', '/invocations'],
    ['X-A: b', '/invocations?_method=POST'],
    ['X-Original-URL: /invocations', '/invocations'],
    ['X-Rewrite-URL: /invocations', '/invocations'],
  ])('a GET stays one, in spite of %s on %s', async (field, path) => {
    const head = [`GET ${path} HTTP/1.1`, ...closing, field, 'Content-Length: 2']
    expect(statusesOf(await exchange(at().port, request(head, '{}')))).toEqual([405])
    expect(calls).toEqual([])
  })

  it.each(['X-Original-URL: /invocations', 'X-Rewrite-URL: /invocations', 'X-Forwarded-Prefix: /invocations'])(
    '%s moves no request to another path',
    async (field) => {
      const head = ['POST /nowhere HTTP/1.1', ...closing, field, 'Content-Length: 2']
      expect(statusesOf(await exchange(at().port, request(head, '{}')))).toEqual([404])
      expect(calls).toEqual([])
    },
  )
})
