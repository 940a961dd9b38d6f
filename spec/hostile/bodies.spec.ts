/** Bodies that unfold, add up or are never read, and requests that no two servers would read alike. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import WebSocket from 'ws'
import { entrypoint, Handler, type Options, provide, use, websocket } from '../../lib'
import { openFront } from '../../lib/cli/dev/server/DevProxy'
import { aborted, answerIn, ask, eventually, failureIn, gate, invocation, rawTo, served } from '../http/support'
import { local } from '../local/support'
import { bodyOf, fateOf, percentile, startChild } from './bodiesSupport'

const echo = entrypoint((payload) => TE.right(payload))
const passing = use((_, next) => next())

describe('a body that unfolds', () => {
  it.each(['empty arrays', 'zeros', 'objects with a large index', 'deep arrays side by side'])(
    '%s of 100 KB cost little',
    async (kind) => {
      const child = await startChild()
      try {
        const { statuses, ms, grown, pings } = await fateOf(child, bodyOf(kind, 'gzip', 850_000), 3)
        expect(statuses).toEqual([200])
        expect(ms).toBeLessThan(3000) // 1000 where nothing else runs: the integration spec holds it
        expect(grown).toBeLessThan(200_000_000)
        expect(percentile(pings, 50)).toBeLessThan(300) // its 99th percentile is held there too
      } finally {
        await child.stop()
      }
    },
    30_000,
  )

  const packed = gzipSync(`[${'0,'.repeat(2_000_000)}0]`)

  it('is refused beyond its ratio, as sent and through middleware that leaves its bytes', async () => {
    const reading = use(async (ctx, next) => {
      const parts: Array<Buffer> = []
      for await (const part of ctx.req) parts.push(part as Buffer)
      Object.assign(ctx.request, { rawBody: Buffer.concat(parts) })
      return next()
    })
    for (const agent of [echo, pipe(echo, passing), pipe(echo, reading)]) {
      await served(agent, async ({ port }) => {
        const { status, text } = await ask(port, { body: packed, headers: { 'content-encoding': 'gzip' } })
        expect([status, failureIn(text)]).toMatchObject([
          413,
          { code: 'PAYLOAD_TOO_LARGE', error: 'The decompressed body is larger than 1000000 bytes' },
        ])
      })
    }
  })

  it('is served with a higher ratio', () =>
    served(
      entrypoint((payload) => TE.right(Array.isArray(payload) ? payload.length : 0)),
      async ({ port }) => {
        const { status, text } = await ask(port, { body: packed, headers: { 'content-encoding': 'gzip' } })
        expect([status, text]).toEqual([200, '2000001'])
      },
      { maxRatio: 2000 },
    ))

  it('is refused beyond maxNodes, where an object or array counts as four', () =>
    served(
      echo,
      async ({ port }) => {
        for (const [body, wanted] of [
          ['[1,2,3,4,5,6]', 200],
          ['[1,2,3,4,5,6,7]', 400],
          ['[[],1,2]', 200],
          ['[[],[]]', 400],
        ] as const) {
          expect((await ask(port, { body })).status).toBe(wanted)
        }
      },
      { maxNodes: 10 },
    ))
})

describe('bodies that add up', () => {
  const options: Options = { maxBuffered: 1_000_000 }
  const head = (framing: string): string => `POST /invocations HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`

  for (const [name, framing, chunk] of [
    ['with a length', 'Content-Length: 900002', (text: string) => text],
    ['in chunks', 'Transfer-Encoding: chunked', (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`],
  ] as const) {
    it(`${name}: one too many is 503 with Retry-After, small ones are served, and all are once there is room`, () =>
      served(
        echo,
        async ({ port }) => {
          const first = await rawTo(port)
          const rest = 'a'.repeat(100_000)
          first.say(head(framing) + chunk(`"${'a'.repeat(800_000)}`))
          const large = { body: JSON.stringify('b'.repeat(900_000)) }
          const refused = await eventuallyRefused(port, large.body)
          expect([refused.headers['retry-after'], failureIn(refused.text).code]).toEqual(['1', 'OVERLOADED'])
          expect((await ask(port, { body: '{"small":1}' })).status).toBe(200)
          first.say(chunk(`${rest}"`) + (framing.startsWith('T') ? '0\r\n\r\n' : ''))
          await first.hears(/^HTTP\/1.1 200 /)
          first.socket.destroy()
          expect((await ask(port, large)).status).toBe(200)
        },
        options,
      ))
  }

  it('what a client that has left had sent is counted no more', () =>
    served(
      echo,
      async ({ port }) => {
        for (let i = 0; i < 5; i += 1) {
          const raw = await rawTo(port)
          raw.say(`${head('Content-Length: 900000')}"${'a'.repeat(700_000)}`)
          raw.socket.end()
          await raw.closed
        }
        expect((await ask(port, { body: JSON.stringify('b'.repeat(900_000)) })).status).toBe(200)
      },
      options,
    ))
})

/** Asks until the server has read so much of another body that this one is refused. */
const eventuallyRefused = async (port: number, body: string): ReturnType<typeof ask> => {
  for (let i = 0; i < 100; i += 1) {
    const got = await ask(port, { body })
    if (got.status === 503) return got
  }
  throw new Error('never refused')
}

describe('a client that reads nothing', () => {
  const large = 'x'.repeat(20_000_000)

  /** A connection that reads nothing until it is told to. */
  const deaf = async (port: number, text: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').pause()
    await once(socket, 'connect')
    socket.on('error', () => undefined) // being cut off is what is waited for
    socket.write(text)
    return socket
  }

  for (const [name, agent] of [
    ['', entrypoint(() => TE.right(large))],
    [
      ' with middleware',
      pipe(
        entrypoint(() => TE.right(large)),
        passing,
      ),
    ],
  ] as const) {
    it(`is cut off from a response${name}`, () =>
      served(
        agent,
        async ({ port, server }) => {
          const socket = await deaf(port, invocation({}))
          await none(server)
          socket.destroy()
        },
        { sendTimeout: 200 },
      ))
  }

  it('is cut off from a stream, and the signal of its handler aborts', () => {
    const ended = gate()
    return served(
      entrypoint(
        Handler.fromGenerator(async function* (_: unknown, { signal }) {
          void aborted(signal).then(ended.open)
          for (;;) yield 'x'.repeat(100_000)
        }),
      ),
      async ({ port, server }) => {
        const socket = await deaf(port, invocation({}))
        await ended.opened
        await none(server)
        socket.destroy()
      },
      { sendTimeout: 200 },
    )
  })

  it('is cut off from a socket, and the signal of its handler aborts', () => {
    const ended = gate()
    return served(
      pipe(
        echo,
        websocket((socket, { signal }) => async () => {
          void aborted(signal).then(ended.open)
          for (;;) {
            const sent = await socket.send('x'.repeat(60_000))()
            if (sent._tag === 'Left') return sent
          }
        }),
      ),
      async ({ port }) => {
        const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
        await once(client, 'open')
        client.pause()
        await ended.opened
        client.terminate()
      },
      { sendTimeout: 200, websocket: { pingInterval: 0 } },
    )
  })

  it('but reads slowly gets all of it', () =>
    served(
      entrypoint(() => TE.right(large)),
      async ({ port }) => {
        const socket = await deaf(port, invocation({}))
        const seen = { size: 0 }
        socket.on('data', (part: Buffer) => {
          seen.size += part.length
          socket.pause()
        })
        const slowly = setInterval(() => socket.resume(), 2) // 64 KB each: 600 ms and more
        await eventually(() => seen.size > large.length, 'all is read', 15_000)
        clearInterval(slowly)
        socket.destroy()
      },
      { sendTimeout: 200 },
    ))
})

/** Waits until a server has no connection. */
const none = (server: { readonly getConnections: (f: (error: Error | null, count: number) => void) => unknown }) => {
  const seen = { count: -1 }
  return eventually(
    () => {
      server.getConnections((_, count) => (seen.count = count))
      return seen.count === 0
    },
    'no connection is left',
    5000,
  )
}

describe('requests without waiting for answers', () => {
  it('are begun only so many at once, and all answered in their order', () => {
    const seen = { now: 0, most: 0 }
    return served(
      entrypoint((payload) => async () => {
        seen.most = Math.max(seen.most, (seen.now += 1))
        await new Promise((resolve) => setImmediate(resolve))
        seen.now -= 1
        return TE.right<never, unknown>(payload)()
      }),
      async ({ port }) => {
        const raw = await rawTo(port)
        const count = 3000
        raw.say(Array.from({ length: count }, (_, i) => invocation({ i })).join(''))
        await raw.hears(`{"i":${count - 1}}`)
        const order = [...raw.heard().matchAll(/\{"i":(\d+)\}/g)].map(([, i]) => Number(i))
        expect(order).toEqual(Array.from({ length: count }, (_, i) => i))
        expect(seen.most).toBeLessThanOrEqual(65)
        raw.socket.destroy()
      },
    )
  })

  for (const [name, agent] of [
    ['', echo],
    [' through middleware', pipe(echo, passing)],
  ] as const) {
    it(`fifty that each offer HTTP/2 get fifty answers${name}, and leave no listener behind`, () =>
      served(agent, async ({ port, server }) => {
        const connected = once(server, 'connection') as Promise<Array<Socket>>
        const raw = await rawTo(port)
        const [socket] = await connected
        const listeners = (): number =>
          (socket?.eventNames() ?? []).reduce((sum, event) => sum + (socket?.listenerCount(event) ?? 0), 0)
        const offer = (i: number): string =>
          invocation({ i }, ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'])
        raw.say(offer(0))
        await raw.hears('{"i":0}')
        const before = listeners()
        for (let i = 1; i < 20; i += 1) {
          raw.say(offer(i))
          await raw.hears(`{"i":${i}}`)
        }
        raw.say(Array.from({ length: 50 }, (_, i) => offer(20 + i)).join(''))
        await raw.hears('{"i":69}')
        const order = [...raw.heard().matchAll(/\{"i":(\d+)\}/g)].map(([, i]) => Number(i))
        expect(order).toEqual(Array.from({ length: 70 }, (_, i) => i))
        expect(listeners()).toBe(before)
        raw.socket.destroy()
      }))
  }
})

describe('an upgrade that waits', () => {
  const forever = () => new Promise<never>(() => undefined)
  for (const [name, agent] of [
    [
      'for middleware',
      pipe(
        echo,
        websocket(() => TE.right(undefined)),
        use(forever),
      ),
    ],
    [
      'for a provider',
      pipe(
        provide(() => forever),
        websocket(() => TE.right(undefined)),
      ),
    ],
  ] as const) {
    it(`${name} is refused after upgradeTimeout, and noticed to have left`, () =>
      served(
        agent,
        async ({ port, server }) => {
          const head =
            'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
          const raw = await rawTo(port)
          raw.say(head)
          const { status, body } = answerIn(await raw.closed)
          expect([status, failureIn(body).code]).toEqual([504, 'DEADLINE_EXCEEDED'])
          const gone = await rawTo(port)
          gone.say(head + 'x'.repeat(30_000))
          gone.socket.resetAndDestroy()
          await none(server)
        },
        { upgradeTimeout: 200 },
      ))
  }
})

const ambiguous = {
  'no Host': 'POST /invocations HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}',
  'two Hosts': 'POST /invocations HTTP/1.1\r\nHost: localhost\r\nhost: b\r\nContent-Length: 2\r\n\r\n{}',
  'a transfer coding that nobody decodes':
    'POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'a head that is not HTTP': 'POST /invocations HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n',
  'HTTP/0.9': 'POST /invocations HTTP/0.9\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
  'HTTP/2.0': 'POST /invocations HTTP/2.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
  'an upgrade without Host':
    'GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
}

describe('ambiguous HTTP is 400 in the one shape and closes the connection', () => {
  for (const [name, text] of Object.entries(ambiguous)) {
    for (const [way, agent] of [
      ['by an agent', echo],
      ['by an agent with middleware', pipe(echo, passing)],
    ] as const) {
      it(`${name} ${way}`, () =>
        served(agent, async ({ port }) => {
          const raw = await rawTo(port)
          raw.say(text)
          const { status, body } = answerIn(await raw.closed)
          expect([status, failureIn(body).code]).toEqual([400, 'BAD_REQUEST'])
        }))
    }

    it(`${name} by the front of agentcore dev`, async () => {
      const front = await openFront(0, { allowedHosts: [], allowedOrigins: [] })
      try {
        front.aim({ _tag: 'Down', why: 'nothing serves' })
        const raw = await rawTo(front.port)
        raw.say(text)
        const { status, body } = answerIn(await raw.closed)
        expect([status, failureIn(body).code]).toEqual([400, 'BAD_REQUEST'])
      } finally {
        await front.close(0)
      }
    })
  }

  it('by the local runtime too, as the service answers, with the id of the request', () =>
    local({}, async ({ port }) => {
      for (const text of Object.values(ambiguous)) {
        const raw = await rawTo(port)
        raw.say(text)
        const { status, head, body } = answerIn(await raw.closed)
        expect([status, JSON.parse(body)]).toMatchObject([400, { reason: 'CannotParse' }])
        expect(head).toMatch(/x-amzn-errortype: ValidationException/i)
        expect(head).toMatch(/x-amzn-requestid: \S+/i)
      }
    }))

  it('HTTP/1.0 without Host is valid, but no request for a server on loopback', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say('POST /invocations HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}')
      expect(answerIn(await raw.closed)).toMatchObject({ status: 403 })
    }))
})
