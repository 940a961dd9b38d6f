/** Clients that are slow, broken or ill-willed: a clear error in the one shape or a clean close, and nothing left behind. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { type Agent, entrypoint, Handler, type Options, use, websocket } from '../../lib'
import {
  aborted,
  answerIn,
  eventually,
  failureIn,
  gate,
  invocation,
  type Raw,
  rawTo,
  type Served,
  served as servedOnly,
} from '../http/support'

const echo = entrypoint((payload) => TE.right(payload))
const passing = use((_, next) => next())
const withSocket = pipe(
  echo,
  websocket(() => TE.right(undefined)),
)

/** Serves an agent, and afterwards looks whether it still answers, with no connection but that one. */
const served = (agent: Agent.Agent, attack: (at: Served) => Promise<void>, options: Options = {}): Promise<void> =>
  servedOnly(
    agent,
    async (at) => {
      await attack(at)
      await connectionsOf(at, 0)
      const raw = await rawTo(at.port)
      raw.say('GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      expect(answerIn(await raw.closed)).toMatchObject({ status: 200 })
    },
    options,
  )

/** Waits until a server has so many connections. */
const connectionsOf = async ({ server }: Served, wanted: number): Promise<void> => {
  const seen = { count: -1 }
  await eventually(() => {
    server.getConnections((_, count) => (seen.count = count))
    return seen.count === wanted
  }, `${wanted} connections`)
}

const head = (...lines: ReadonlyArray<string>): string => `${lines.join('\r\n')}\r\n\r\n`

const refusedWith = async (raw: Raw, status: number, code: string): Promise<void> => {
  const { status: told, head: headers, body } = answerIn(await raw.closed)
  expect([told, failureIn(body).code]).toEqual([status, code])
  expect(headers.toLowerCase()).toContain('content-type: application/json')
}

describe('slow ones', () => {
  for (const [name, start] of Object.entries({
    'a body that does not come': head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 10') + '{"a"',
    'a body in chunks that does not end':
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked') + '1\r\n{\r\n',
    'headers that do not end': 'POST /invocations HTTP/1.1\r\nHost: localhost\r\nX-',
  })) {
    for (const [way, agent] of [
      ['', echo],
      [', behind a middleware', pipe(passing, echo)],
    ] as const) {
      it(`${name}: 408${way}`, () =>
        served(
          agent,
          async ({ port }) => {
            const raw = await rawTo(port)
            raw.say(start)
            await refusedWith(raw, 408, 'REQUEST_TIMEOUT')
          },
          { requestTimeout: 100 },
        ))
    }
  }

  it('a body that drips, a byte at a time, is cut off by the same limit', () =>
    served(
      echo,
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 1000'))
        const drip = setInterval(() => raw.say(' '), 10)
        await refusedWith(raw, 408, 'REQUEST_TIMEOUT').finally(() => clearInterval(drip))
      },
      { requestTimeout: 150 },
    ))

  it('a stream lasts longer than its request may', () =>
    served(
      entrypoint(
        Handler.fromGenerator(async function* () {
          yield 1
          await new Promise((resolve) => setTimeout(resolve, 300))
          yield 2
        }),
      ),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}, ['Connection: close']))
        expect(await raw.closed).toMatch(/data: 1[\s\S]+data: 2[\s\S]+\r\n0\r\n\r\n$/)
      },
      { requestTimeout: 50 },
    ))
})

describe('clients that vanish', () => {
  it('in the midst of a body: the handler is not called', async () => {
    const calls: Array<unknown> = []
    await served(
      entrypoint((payload) => TE.fromIO(() => calls.push(payload))),
      async ({ port, server, logged }) => {
        const raw = await rawTo(port)
        const arrived = once(server, 'request')
        raw.say(head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 100') + '{"a":')
        await arrived
        raw.socket.resetAndDestroy()
        await eventually(
          () => logged().some(({ message }) => message === 'The client closed the connection'),
          'it is logged',
        )
        expect(calls).toEqual([])
        expect(logged().filter(({ level }) => level === 'ERROR')).toEqual([])
      },
    )
  })

  it('in the midst of a stream: no failure is logged', () =>
    served(
      entrypoint(
        Handler.fromGenerator(async function* (_, { signal }) {
          yield 1
          await aborted(signal)
        }),
      ),
      async ({ port, logged }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await raw.hears('data: 1')
        raw.socket.resetAndDestroy()
        await eventually(() => logged().some(({ message }) => message === 'Stream cancelled'), 'it is logged')
        expect(logged().filter(({ level }) => level === 'ERROR')).toEqual([])
      },
    ))

  it('fifty at once, at every stage', () =>
    served(pipe(passing, withSocket), async (at) => {
      const stages = [
        '',
        'P',
        'POST /invocations HTTP/1.1\r\n',
        head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 9') + '{',
        invocation({}),
        head(
          'GET /ws HTTP/1.1',
          'Host: localhost',
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ),
        'garbage\r\n\r\n',
      ]
      const raws = await Promise.all([...Array(49).keys()].map(() => rawTo(at.port)))
      raws.forEach((raw, index) => {
        raw.say(stages[index % stages.length] ?? '')
        if (index % 2 === 0) raw.socket.resetAndDestroy()
        else raw.socket.end()
      })
      await Promise.all(raws.map(({ closed }) => closed))
      expect(at.logged().filter(({ level }) => level === 'ERROR')).toEqual([])
    }))

  it('a handshake by HTTP/1.0 is refused', () =>
    served(pipe(passing, withSocket), async (at) => {
      const raw = await rawTo(at.port)
      raw.say(
        head(
          'GET /ws HTTP/1.0',
          'Host: localhost',
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ),
      )
      expect(await raw.closed).toMatch(/^HTTP\/1\.1 400 [^]*A WebSocket handshake requires HTTP\/1\.1/)
    }))

  it('a connection that says nothing does no harm', () =>
    served(echo, async (at) => {
      const raw = await rawTo(at.port)
      await connectionsOf(at, 1)
      raw.socket.end()
      expect(await raw.closed).toBe('')
    }))

  it('a connection that is half closed after a request is answered or closed', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.socket.end(invocation({ a: 1 }))
      const text = await raw.closed
      if (text !== '') expect(answerIn(text)).toMatchObject({ status: 200, body: '{"a":1}' })
    }))

  it('a connection that is half closed during a stream is closed, and the stream with it', async () => {
    const ended = gate()
    await served(
      entrypoint(
        Handler.fromGenerator(async function* (_, { signal }) {
          yield 1
          await aborted(signal)
          ended.open()
        }),
      ),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await raw.hears('data: 1')
        raw.socket.end()
        await ended.opened
        await raw.closed
      },
    )
  })
})

describe('what is no proper request', () => {
  const cases: Readonly<Record<string, readonly [text: string | Uint8Array, status: number, code: string]>> = {
    'garbage bytes': [new Uint8Array([0, 255, 1, 254, 13, 10, 13, 10]), 400, 'BAD_REQUEST'],
    'a TLS hello': [new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), 400, 'BAD_REQUEST'],
    'another protocol': ['SSH-2.0-OpenSSH_9.6\r\n', 400, 'BAD_REQUEST'],
    'HTTP/2 without TLS': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'BAD_REQUEST'],
    'an unknown method': [head('BREW /invocations HTTP/1.1', 'Host: localhost'), 400, 'BAD_REQUEST'],
    'a bad header name': [head('GET /ping HTTP/1.1', 'Host: localhost', 'x y: z'), 400, 'BAD_REQUEST'],
    'a folded header': [head('GET /ping HTTP/1.1', 'Host: localhost', 'x: y', ' z'), 400, 'BAD_REQUEST'],
    'a bad version': [head('GET /ping HTTP/9.9', 'Host: localhost'), 400, 'BAD_REQUEST'],
    'a NUL in a header': [head('GET /ping HTTP/1.1', 'Host: localhost', 'x: \0'), 400, 'BAD_REQUEST'],
    'a bad content length': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: -1'),
      400,
      'BAD_REQUEST',
    ],
    'two content lengths': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 2', 'Content-Length: 3') + '{}',
      400,
      'BAD_REQUEST',
    ],
    'smuggling: both a length and chunks': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Content-Length: 4', 'Transfer-Encoding: chunked') +
        '2\r\n{}\r\n0\r\n\r\nGET /ping HTTP/1.1\r\n\r\n',
      400,
      'BAD_REQUEST',
    ],
    'smuggling: chunks that are not the last coding': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked, identity') +
        '2\r\n{}\r\n0\r\n\r\n',
      400,
      'BAD_REQUEST',
    ],
    'a bad chunk size': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked') + 'zz\r\n',
      400,
      'BAD_REQUEST',
    ],
    'a URL of 20 KB': [head(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'), 431, 'HEADERS_TOO_LARGE'],
    'headers of 20 KB': [
      head('GET /ping HTTP/1.1', 'Host: localhost', `x: ${'y'.repeat(20_000)}`),
      431,
      'HEADERS_TOO_LARGE',
    ],
    'chunk extensions of 20 KB': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked') +
        `2;${'x'.repeat(20_000)}\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    'an expectation that is none': [
      head('POST /invocations HTTP/1.1', 'Host: localhost', 'Connection: close', 'Content-Length: 2', 'Expect: tea') +
        '{}',
      417,
      'REJECTED',
    ],
  }
  for (const [name, [text, status, code]] of Object.entries(cases)) {
    for (const [way, agent] of [
      ['', echo],
      [', behind a middleware', pipe(passing, echo)],
    ] as const) {
      it(`${name}: ${status}${way}`, () =>
        served(agent, async ({ port }) => {
          const raw = await rawTo(port)
          raw.say(text)
          await refusedWith(raw, status, code)
        }))
    }
  }

  it('CONNECT closes the connection', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say(head('CONNECT example.org:443 HTTP/1.1', 'Host: localhost'))
      expect(await raw.closed).toBe('')
    }))

  it('garbage during a stream cuts it off: nothing that looks like another answer gets into it', () =>
    served(
      entrypoint(
        Handler.fromGenerator(async function* (_, { signal }) {
          yield 1
          await aborted(signal)
        }),
      ),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await raw.hears('data: 1')
        raw.say('garbage\r\n\r\n')
        const text = await raw.closed
        expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1)
      },
    ))

  for (const method of ['OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'M-SEARCH']) {
    it(`${method}: 405 on the paths that are there, 404 elsewhere`, () =>
      served(withSocket, async ({ port }) => {
        for (const [path, status] of [
          ['/invocations', 405],
          ['/ping', 405],
          ['/ws', 405],
          ['/x', 404],
          ['*', 404],
        ] as const) {
          const raw = await rawTo(port)
          raw.say(head(`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'))
          await refusedWith(raw, status, status === 405 ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND')
        }
      }))
  }

  it('HEAD has the head of a failure and no body', () =>
    served(echo, async ({ port }) => {
      for (const [path, status] of [
        ['/ping', 200],
        ['/invocations', 405],
        ['/x', 404],
      ] as const) {
        const raw = await rawTo(port)
        raw.say(head(`HEAD ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'))
        expect(answerIn(await raw.closed)).toMatchObject({ status, body: '' })
      }
    }))

  for (const path of [
    '//invocations',
    '/invocations/../ping',
    '/%69nvocations',
    '/ping;x',
    '/invocations%00',
    '/PING',
    '/ping#x',
    '/',
    '/a?b=/ping',
    '/%',
    '/%ff',
  ]) {
    it(`${path} is 404`, () =>
      served(echo, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(head(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'))
        await refusedWith(raw, 404, 'NOT_FOUND')
      }))
  }
})

describe('what is unusual, and yet HTTP', () => {
  it('requests one after the other without waiting are answered in their order', () =>
    served(
      entrypoint((payload) =>
        TE.fromTask(async () => {
          await new Promise((resolve) => setTimeout(resolve, payload === 1 ? 30 : 0))
          return payload
        }),
      ),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(
          [1, 2, 3].map((n) => invocation(n)).join('') +
            head('GET /x HTTP/1.1', 'Host: localhost', 'Connection: close'),
        )
        const bodies = (await raw.closed)
          .split(/HTTP\/1\.1 /)
          .slice(1)
          .map((text) => text.slice(text.indexOf('\r\n\r\n') + 4))
        expect(bodies.slice(0, 3)).toEqual(['1', '2', '3'])
        expect(failureIn(bodies[3] ?? '').code).toBe('NOT_FOUND')
      },
    ))

  it('a request that waits behind a stream is answered after it', () =>
    served(
      entrypoint(
        Handler.fromGenerator(async function* () {
          yield 1
          await new Promise((resolve) => setTimeout(resolve, 20))
          yield 2
        }),
      ),
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}) + head('GET /ping HTTP/1.1', 'Host: localhost', 'Connection: close'))
        expect(await raw.closed).toMatch(/data: 2\n\n\r\n0\r\n\r\nHTTP\/1\.1 200 OK[\s\S]+"Healthy"/)
      },
    ))

  it('HTTP/1.0 is answered and the connection closed', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say('POST /invocations HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]')
      expect(answerIn(await raw.closed)).toMatchObject({ status: 200, body: '[]' })
    }))

  it('HTTP/1.0 is streamed to until the connection closes', () =>
    served(entrypoint(Handler.fromGenerator(() => [1, 2])), async ({ port }) => {
      const raw = await rawTo(port)
      raw.say('POST /invocations HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]')
      expect(answerIn(await raw.closed).body).toBe('data: 1\n\ndata: 2\n\n')
    }))

  it('Expect: 100-continue is told to go on', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say(
        head(
          'POST /invocations HTTP/1.1',
          'Host: localhost',
          'Connection: close',
          'Content-Length: 2',
          'Expect: 100-continue',
        ),
      )
      await raw.hears('100 Continue\r\n\r\n')
      raw.say('{}')
      expect(await raw.closed).toMatch(/HTTP\/1\.1 200 OK[\s\S]+\{\}$/)
    }))

  for (const [way, agent] of [
    ['', echo],
    [', behind a middleware', pipe(passing, echo)],
  ] as const) {
    it(`a URL in absolute form means its path${way}`, () =>
      served(agent, async ({ port }) => {
        for (const [url, method, body] of [
          ['http://example.org/invocations', 'POST', '{}'],
          ['http://example.org:8080/invocations?a=b', 'POST', '{}'],
          ['HTTP://example.org/ping', 'GET', ''],
        ] as const) {
          const raw = await rawTo(port)
          raw.say(
            head(
              `${method} ${url} HTTP/1.1`,
              'Host: localhost',
              'Connection: close',
              `Content-Length: ${body.length}`,
            ) + body,
          )
          expect(answerIn(await raw.closed).status).toBe(200)
        }
      }))

    it(`an offer of HTTP/2 with a request is passed over${way}`, () =>
      served(agent, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(
          invocation({ a: 1 }, [
            'Connection: Upgrade, HTTP2-Settings',
            'Upgrade: h2c',
            'HTTP2-Settings: AAMAAABkAAQAAP__',
          ]),
        )
        await raw.hears('{"a":1}')
        raw.socket.destroy()
      }))
  }

  it('an upgrade to something else, or on another path, is refused', () =>
    served(withSocket, async ({ port }) => {
      for (const [path, upgrade, status] of [
        ['/ws', 'h2c', 400],
        ['/other', 'websocket', 404],
      ] as const) {
        const raw = await rawTo(port)
        raw.say(head(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', `Upgrade: ${upgrade}`))
        const { status: told, body } = answerIn(await raw.closed)
        failureIn(body)
        expect(told).toBe(status)
      }
    }))

  it('a hundred requests on one connection leave no listener behind', () =>
    served(echo, async (at) => {
      const connected = once(at.server, 'connection') as Promise<Array<Socket>>
      const raw = await rawTo(at.port)
      const [socket] = await connected
      const listeners = (): number =>
        (socket?.eventNames() ?? []).reduce((sum, event) => sum + (socket?.listenerCount(event) ?? 0), 0)
      const before = { count: 0 }
      for (let count = 1; count <= 100; count += 1) {
        raw.say(invocation({ count }))
        await raw.hears(`{"count":${count}}`)
        if (count === 2) before.count = listeners()
      }
      expect(listeners()).toBe(before.count)
      raw.socket.destroy()
    }))
})

describe('no session stays in use', () => {
  const counting = Handler.stateful(t.number, 0)(() => (count: number) => () => TE.right([count + 1, count + 1]))
  const streaming = Handler.fromGenerator(async function* (_, { session, signal }) {
    await session.save('state')
    yield 1
    await aborted(signal)
  })
  const either = entrypoint((payload, context) =>
    pipe(
      TE.right(payload),
      TE.chainW((kind): ReturnType<Handler.Handler<unknown, unknown>> =>
        (kind === 'stream' ? streaming : counting)(kind, context),
      ),
    ),
  )
  const of = (id: string): string => `X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: ${id}`

  it('where there is room for one, the next is served after an answer, a failure, and a client that vanished', () =>
    served(
      either,
      async ({ port, logged }) => {
        const raw = await rawTo(port)
        const counts = async (id: string): Promise<void> => {
          const before = raw.heard().length
          raw.say(invocation('count', [of(id)]))
          await eventually(() => raw.heard().slice(before).endsWith('\r\n\r\n1'), `${id} is served`)
        }
        await counts('first')
        await counts('second')
        raw.say(invocation('count', [of('third')]).replace('"count"', '{count}'))
        await raw.hears('INVALID_JSON')
        await counts('fourth')
        const leaving = await rawTo(port)
        leaving.say(invocation('stream', [of('fifth')]))
        await leaving.hears('data: 1')
        raw.say(invocation('count', [of('sixth')]))
        expect(await raw.hears('TOO_MANY_SESSIONS')).toMatch(/503 Service Unavailable/)
        leaving.socket.destroy()
        await eventually(() => logged().some(({ message }) => message === 'Stream cancelled'), 'it has left')
        await counts('seventh')
        raw.socket.destroy()
      },
      { session: { max: 1 } },
    ))
})
