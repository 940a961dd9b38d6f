/** `/ws` on a real port: from the handshake to the close, with well-behaved peers and with ugly ones. */
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { type AddressInfo, connect } from 'node:net'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import {
  type Agent,
  AgentError,
  type App,
  createApp,
  entrypoint,
  Handler,
  type Options,
  provide,
  Reply,
  use,
  websocket,
  wrap,
} from '../../lib'
import type { Socket } from '../../lib/core/Socket'
import {
  connectionsOf,
  deferred,
  dial,
  dialRaw,
  eventually,
  frameOf,
  framesIn,
  handshakeText,
  isUpgraded,
  logSink,
  never,
  type Peer,
  quiet,
  refused,
  requestHeader,
  served,
  sessionHeader,
  turns,
  withChild,
} from './socketSupport'

/** Says back what it hears. */
const echo: Handler.SocketHandler<unknown, unknown> = Handler.fromMessages(async function* (messages) {
  yield* messages
})

/** A handler from an async function. */
const talk =
  (f: (socket: Socket) => Promise<void>): Handler.SocketHandler<unknown, unknown> =>
  (socket) =>
    TE.tryCatch(() => f(socket), AgentError.fromUnknown)

const received = async (socket: Socket): Promise<unknown> => {
  const message = await socket.receive()
  return E.isRight(message) && O.isSome(message.right) ? message.right.value : message
}

const socketApp = (handler: Handler.SocketHandler<unknown, unknown>, options: Options = {}): App =>
  createApp(websocket(handler), { ...quiet, ...options })

const listened = async (peer: Peer, count: number): Promise<ReadonlyArray<unknown>> => {
  const messages: Array<unknown> = []
  while (messages.length < count) messages.push(await peer.next())
  return messages
}

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

describe('a message', () => {
  it('that is sent right after open is delivered though the handler awaits first', async () => {
    const gate = deferred()
    const app = socketApp((socket) =>
      pipe(
        TE.fromTask(() => gate.promise),
        TE.chain(() => socket.receive),
        TE.chain((message) => socket.send({ heard: O.toUndefined(message) })),
      ),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('first')
      await new Promise((written) => peer.ws.send('"second"', written))
      gate.resolve()
      expect(await peer.next()).toEqual({ heard: 'first' })
      expect(await peer.closed).toEqual({ code: 1000, reason: '' })
    })
  })

  it('that comes in the same packet as the handshake is delivered, and many of them in order', async () => {
    const gate = deferred()
    const heard = deferred<ReadonlyArray<unknown>>()
    const app = createApp(
      pipe(
        provide(() => TE.fromTask(() => gate.promise.then(() => ({ user: 'ann' })))),
        websocket(
          talk(async (socket) => {
            await turns(3)
            const messages: Array<unknown> = []
            for await (const message of socket.messages) if (messages.push(message) === 500) break
            heard.resolve(messages)
          }),
        ),
      ),
      quiet,
    )
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      const frames = range(500).map((n) => frameOf(JSON.stringify(n)))
      raw.socket.write(Buffer.concat([Buffer.from(handshakeText()), ...frames]))
      await turns(5)
      gate.resolve()
      expect(await heard.promise).toEqual(range(500))
      raw.socket.destroy()
    })
  })

  it('that was sent before the peer left can still be read', async () => {
    const [left, heard] = [deferred(), deferred<ReadonlyArray<unknown>>()]
    const app = socketApp(
      talk(async (socket) => {
        await left.promise
        const messages: Array<unknown> = []
        for await (const message of socket.messages) messages.push(message)
        heard.resolve(messages)
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say(...range(20))
      peer.ws.close(1000)
      await peer.closed
      left.resolve()
      expect(await heard.promise).toEqual(range(20))
    })
  })

  it('of 10,000 that flood a handler which does not read is kept waiting at the peer, then all are read in order', async () => {
    const [gate, heard] = [deferred(), deferred<ReadonlyArray<unknown>>()]
    const padding = 'x'.repeat(1000)
    const app = socketApp(
      talk(async (socket) => {
        await gate.promise
        const numbers: Array<unknown> = []
        for await (const message of socket.messages) {
          numbers.push((message as { readonly n: number }).n)
          if (numbers.length === 10_000) break
        }
        heard.resolve(numbers)
      }),
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [{ readonly bytesRead: number }]
      for (const n of range(10_000)) peer.ws.send(JSON.stringify({ n, padding }))
      let before = -1
      await eventually(async () => {
        const isStill = connection.bytesRead === before && before > 1000
        before = connection.bytesRead
        await new Promise((resolve) => setTimeout(resolve, 30))
        return isStill
      })
      expect(connection.bytesRead).toBeLessThan(500_000)
      expect(peer.ws.bufferedAmount).toBeGreaterThan(1_000_000)
      gate.resolve()
      expect(await heard.promise).toEqual(range(10_000))
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('is handed to concurrent receives in the order in which they asked', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const asked = range(5).map(() => received(socket))
        await socket.send('ready')()
        await socket.send(await Promise.all(asked))()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      peer.say(...range(5))
      expect(await peer.next()).toEqual(range(5))
    })
  })

  it('ends every pending receive when the peer leaves', async () => {
    const ended = deferred<ReadonlyArray<unknown>>()
    const app = socketApp(
      talk(async (socket) => {
        ended.resolve(await Promise.all(range(3).map(() => socket.receive())))
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.close()
      expect(await ended.promise).toEqual(range(3).map(() => E.right(O.none)))
    })
  })

  it('may come in fragments, with a ping between them', async () => {
    await served(socketApp(echo), async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      for (const part of [frameOf('"a', 1, false), frameOf('?', 9), frameOf('b', 0, false), frameOf('c"', 0)]) {
        raw.socket.write(part)
      }
      await raw.until((bytes) => framesIn(bytes).length === 2)
      expect(framesIn(raw.received()).map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [10, '?'],
        [1, '"abc"'],
      ])
      raw.socket.destroy()
    })
  })

  it('is bytes where the frame is binary, in both directions', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const bytes = await received(socket)
        await socket.send({ isBytes: bytes instanceof Uint8Array })()
        await socket.send(bytes)()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.send(Uint8Array.of(0, 255, 128))
      expect(await peer.next()).toEqual({ isBytes: true })
      expect(await peer.next()).toEqual(Uint8Array.of(0, 255, 128))
    })
  })

  it('is a string as it is in the text format', async () => {
    const app = createApp(websocket({ format: 'text' }, echo), quiet)
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(Buffer.concat([Buffer.from(handshakeText()), frameOf('not json {'), frameOf('')]))
      await raw.until((bytes) => isUpgraded(bytes) && framesIn(bytes).length === 2)
      expect(framesIn(raw.received()).map(({ payload }) => payload.toString())).toEqual(['not json {', ''])
      raw.socket.destroy()
    })
  })

  it('is typed by codecs on its way in and out', async () => {
    const Moment = new t.Type<Date, string>(
      'Moment',
      (u): u is Date => u instanceof Date,
      (u, c) => (typeof u === 'string' && !Number.isNaN(Date.parse(u)) ? t.success(new Date(u)) : t.failure(u, c)),
      (date) => date.toISOString(),
    )
    const app = createApp(
      websocket(
        { inbound: t.type({ at: Moment }), outbound: t.type({ next: Moment }) },
        Handler.fromMessages(async function* (messages) {
          for await (const { at } of messages) yield { next: new Date(at.getTime() + 1000) }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say({ at: '2026-01-01T00:00:00.000Z' })
      expect(await peer.next()).toEqual({ next: '2026-01-01T00:00:01.000Z' })
      peer.say({ at: 'never' })
      expect(await peer.closed).toEqual({ code: 1007, reason: 'INVALID_MESSAGE' })
    })
  })
})

describe('an upgrade', () => {
  const silentNext: Koa.Middleware = (_, next) => next()
  const refusing: Koa.Middleware = (ctx) => ctx.throw(401, 'who are you?')
  const answering: Koa.Middleware = (ctx) => {
    ctx.status = 403
    ctx.body = { mine: true }
  }
  const noBody: Koa.Middleware = (ctx) => {
    ctx.status = 429
  }
  const silent: Koa.Middleware = () => undefined

  it.each([
    ['a middleware that throws', use(refusing), 401, { error: 'who are you?', code: 'REJECTED' }],
    ['a middleware that sets a status only', use(noBody), 429, { error: 'Too Many Requests', code: 'REJECTED' }],
    ['a middleware that never calls next', use(silent), 404, { error: 'Not Found', code: 'NOT_FOUND' }],
    [
      'a provider',
      provide(() => TE.left(AgentError.rejected(402, 'pay first', { price: 1 }))),
      402,
      { error: 'pay first', code: 'REJECTED', details: { price: 1 } },
    ],
    [
      'a provider that throws',
      provide((): never => {
        throw new Error('secret')
      }),
      500,
      { error: 'Internal Server Error', code: 'INTERNAL_ERROR' },
    ],
    ['a wrap', wrap(() => () => TE.left(AgentError.rejected(409, 'busy'))), 409, { error: 'busy', code: 'REJECTED' }],
    [
      'state that its codec refuses',
      use(silentNext, t.type({ user: t.string })),
      500,
      {
        error: 'The state does not match its codec',
        code: 'INVALID_STATE',
        details: [{ path: 'user', message: 'expected string, got undefined' }],
      },
    ],
  ])('is refused by %s, with its status and in the one shape', async (_, agent, status, body) => {
    let isCalled = false
    const handler = talk(async () => {
      isCalled = true
    })
    const app = createApp(pipe(agent as Agent.Agent, websocket(handler)), quiet)
    await served(app, async ({ port, server }) => {
      const answer = await refused(port, { [requestHeader]: 'request-7' })
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { requestId: 'request-7' } })
      expect(answer.body).toMatchObject(
        'details' in body && status === 500 ? { code: body.code } : { ...body, requestId: 'request-7' },
      )
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(isCalled).toBe(false)
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('is answered with what a middleware says in its place', async () => {
    await served(createApp(pipe(use(answering), websocket(echo)), quiet), async ({ port }) => {
      expect(await refused(port)).toMatchObject({ status: 403, body: { mine: true } })
    })
  })

  it('is answered with what a wrap says in its place', async () => {
    const teapot = wrap(() => () => TE.right(pipe(Reply.json({ tea: true }), Reply.withStatus(418))))
    await served(createApp(pipe(teapot, websocket(echo)), quiet), async ({ port }) => {
      expect(await refused(port)).toMatchObject({ status: 418, body: { tea: true } })
    })
  })

  it('is asked for: a plain GET is 426, another method 405', async () => {
    await served(socketApp(echo), async ({ url }) => {
      const plain = await fetch(`${url}/ws`)
      expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
      expect(await plain.json()).toMatchObject({ code: 'UPGRADE_REQUIRED' })
      const posted = await fetch(`${url}/ws`, { method: 'POST' })
      expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
    })
  })

  it('is 404 without a handler, whether asked for or not', async () => {
    const app = createApp(entrypoint(Handler.fromSync(() => 1)), quiet)
    await served(app, async ({ port, url }) => {
      expect(await refused(port)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
      expect((await fetch(`${url}/ws`)).status).toBe(404)
    })
  })

  it.each([
    ['no key', { 'sec-websocket-key': '' }, {}, 400, 'BAD_REQUEST'],
    ['a short key', { 'sec-websocket-key': 'AAAA' }, {}, 400, 'BAD_REQUEST'],
    ['no version', { 'sec-websocket-version': '' }, {}, 400, 'BAD_REQUEST'],
    ['version 12', { 'sec-websocket-version': '12' }, {}, 400, 'BAD_REQUEST'],
    ['another protocol', { upgrade: 'chat' }, {}, 400, 'BAD_REQUEST'],
    ['a malformed subprotocol', { 'sec-websocket-protocol': 'a,,b' }, {}, 400, 'BAD_REQUEST'],
    ['a malformed extension', { 'sec-websocket-extensions': 'x; =' }, {}, 101, ''],
    ['another path', {}, { path: '/wss' }, 404, 'NOT_FOUND'],
    ['another method', {}, { method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a bad session id', { [sessionHeader]: 'a b' }, {}, 400, 'INVALID_SESSION_ID'],
  ])('with %s is told in the one shape', async (_, headers, how, status, code) => {
    await served(socketApp(echo), async ({ port, server }) => {
      const answer = refused(port, headers, how)
      if (status === 101) return expect(answer).rejects.toThrow('it became a socket')
      expect(await answer).toMatchObject({ status, body: { code, requestId: expect.any(String) as string } })
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('is refused without a session id where one is required', async () => {
    await served(socketApp(echo, { session: { policy: 'require' } }), async ({ port }) => {
      expect(await refused(port)).toMatchObject({ status: 400, body: { code: 'MISSING_SESSION_ID' } })
    })
  })

  it('tells the session id, the headers of middleware and of wraps, and the accept key', async () => {
    const stamping: Koa.Middleware = async (ctx, next) => {
      ctx.set('x-stamp', 'koa')
      ctx.cookies.set('a', '1')
      ctx.cookies.set('b', '2')
      await next()
    }
    const marked = wrap((next) => (context) => pipe(next(context), TE.map(Reply.withHeader('x-mark', 'wrap'))))
    await served(createApp(pipe(use(stamping), marked, websocket(echo)), quiet), async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText({ [sessionHeader]: 'session-1' }))
      const head = (await raw.until(isUpgraded)).toString().split('\r\n')
      const accept = createHash('sha1')
        .update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
        .digest('base64')
      expect(head[0]).toBe('HTTP/1.1 101 Switching Protocols')
      for (const field of [
        `${sessionHeader}: session-1`,
        'x-stamp: koa',
        'x-mark: wrap',
        `Sec-WebSocket-Accept: ${accept}`,
      ]) {
        expect(head).toContain(field)
      }
      expect(head.filter((line) => line.startsWith('set-cookie: '))).toHaveLength(2)
      raw.socket.destroy()
    })
  })

  it('generates a session id and tells it', async () => {
    const app = createApp(
      websocket((socket, { sessionId }) => socket.send(sessionId)),
      quiet,
    )
    await served(app, async ({ port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until((bytes) => isUpgraded(bytes) && framesIn(bytes).length > 0)
      const id = /runtime-session-id: (\S+)/i.exec(raw.received().toString())?.[1] ?? 'none'
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
      expect(framesIn(raw.received())[0]?.payload.toString()).toBe(JSON.stringify(id))
      raw.socket.destroy()
    })
  })

  it('takes no header from a wrap that HTTP does not allow', async () => {
    const evil = wrap((next) => (context) => pipe(next(context), TE.map(Reply.withHeader('x-a', 'b\r\nx-injected: 1'))))
    await served(createApp(pipe(evil, websocket(echo)), quiet), async ({ port }) => {
      const answer = await refused(port).catch((error: unknown) => error)
      expect(answer).toMatchObject({ status: 500, body: { code: 'UNENCODABLE' } })
    })
  })

  it('takes the session id and custom headers from the query', async () => {
    const custom = 'x-amzn-bedrock-agentcore-runtime-custom-color'
    const app = createApp(
      websocket((socket, { sessionId, headers }) =>
        socket.send([sessionId, O.toNullable(headers.get(custom)), O.toNullable(headers.get('authorization'))]),
      ),
      quiet,
    )
    const query = `?X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=from-query&${custom}=light%20blue&authorization=no`
    await served(app, async ({ ws }) => {
      expect(await (await dial(ws + query)).next()).toEqual(['from-query', 'light blue', null])
      const peer = await dial(ws, { headers: { [sessionHeader]: 'from-header', [custom]: 'red' } })
      expect(await peer.next()).toEqual(['from-header', 'red', null])
    })
  })

  it('gives typed state to the handler, as an invocation has it', async () => {
    const reading: Koa.Middleware = (ctx, next) => {
      ctx.state['user'] = ctx.get('x-user')
      return next()
    }
    const app = createApp(
      pipe(
        use(reading, t.type({ user: t.string })),
        provide(({ state }: { readonly state: { readonly user: string } }) =>
          TE.right({ greeting: `hi ${state.user}` }),
        ),
        websocket((socket, { state }: { readonly state: { readonly greeting: string } }) =>
          socket.send(state.greeting),
        ),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      expect(await (await dial(ws, { headers: { 'x-user': 'ann' } })).next()).toBe('hi ann')
    })
  })

  it('echoes the subprotocol that the client offers first, or that the agent prefers', async () => {
    const tell: Handler.SocketHandler<unknown, unknown> = (socket) => socket.send(O.toNullable(socket.protocol))
    await served(socketApp(tell), async ({ ws }) => {
      const peer = await dial(ws, { protocols: ['talk.abc', 'chat'] })
      expect([peer.ws.protocol, await peer.next()]).toEqual(Array(2).fill('talk.abc'))
      expect(await (await dial(ws)).next()).toBeNull()
    })
    await served(socketApp(tell, { websocket: { protocols: ['v2', 'v1'] } }), async ({ ws }) => {
      expect(await (await dial(ws, { protocols: ['v0', 'v1', 'v2'] })).next()).toBe('v2')
      const raw = await dialRaw(Number(new URL(ws).port))
      raw.socket.write(handshakeText({ 'sec-websocket-protocol': 'v9' }))
      expect((await raw.until(isUpgraded)).toString().toLowerCase()).not.toContain('sec-websocket-protocol')
      raw.socket.destroy()
    })
  })

  describe('a token that comes as a subprotocol', () => {
    const token = 'base64UrlBearerAuthorization.c2VjcmV0LXRva2Vu'
    const plain = 'base64UrlBearerAuthorization'
    const offers: ReadonlyArray<
      readonly [ReadonlyArray<string> | undefined, ReadonlyArray<string>, string | undefined]
    > = [
      [undefined, [token, plain], plain],
      [undefined, [plain, token], plain],
      [undefined, [token, 'chat', plain], 'chat'],
      [undefined, [token], undefined],
      [['chat'], [token, plain], plain],
      [['chat'], [token, plain, 'chat'], 'chat'],
      [[token, 'chat'], [token, 'chat'], 'chat'],
      [[token], [token], undefined],
    ]
    it.each(offers)('is never echoed: the agent speaks %j, %j is offered', async (protocols, offered, agreed) => {
      const app = socketApp(() => TE.right(undefined), protocols === undefined ? {} : { websocket: { protocols } })
      await served(app, async ({ port }) => {
        const raw = await dialRaw(port)
        raw.socket.write(handshakeText({ 'sec-websocket-protocol': offered.join(', ') }))
        const head = (await raw.until(isUpgraded)).toString()
        expect(/^sec-websocket-protocol: (.*)\r$/im.exec(head)?.[1]).toBe(agreed)
        expect(head).not.toContain('c2VjcmV0')
        raw.socket.destroy()
      })
    })

    it('is neither in a log line nor in context.headers', async () => {
      const sink = logSink()
      const tell: Handler.SocketHandler<unknown, unknown> = (socket, { headers, log, request }) =>
        pipe(
          TE.fromIO(log.info('Here', { all: request.headers, plain: 'secret-token', url: request.url })),
          TE.chain(() => socket.send(headers.toRecord())),
        )
      await served(socketApp(tell, { log: sink.options }), async ({ ws }) => {
        const url = `${ws}?X-Amz-Signature=5eca7e&X-Amz-Security-Token=to%2Fken`
        const peer = await dial(url, { protocols: [token, plain], headers: { 'x-amz-security-token': 'to/ken' } })
        expect(JSON.stringify(await peer.next())).not.toContain('c2VjcmV0')
        await sink.line('Socket completed')
        expect(JSON.stringify(sink.all)).toContain('"message":"Here"')
        expect(JSON.stringify(sink.all)).not.toMatch(/c2VjcmV0|secret-token|5eca7e|to\/ken|to%2Fken/)
      })
    })
  })

  it('a middleware may change the path of an upgrade, and what it leaves elsewhere is 404', async () => {
    const mapping = use((ctx, next) => {
      ctx.path = ctx.path.replace(/^\/runtimes\/[^/]+/, '')
      return next()
    })
    const app = createApp(
      pipe(
        mapping,
        websocket((socket, { sessionId }) => socket.send(sessionId)),
      ),
      quiet,
    )
    await served(app, async ({ port, url }) => {
      const mapped = `${url.replace('http', 'ws')}/runtimes/arn%3Aaws/ws?${sessionHeader}=s-1`
      expect(await (await dial(mapped)).next()).toBe('s-1')
      expect(await refused(port, {}, { path: '/runtimes/x/wss' })).toMatchObject({
        status: 404,
        body: { code: 'NOT_FOUND' },
      })
    })
  })

  it.each([
    ['resets', (raw: Awaited<ReturnType<typeof dialRaw>>) => raw.socket.resetAndDestroy()],
    ['hangs up', (raw: Awaited<ReturnType<typeof dialRaw>>) => raw.socket.destroy()],
  ])('leaves nothing behind when the client %s while a provider thinks', async (_, vanish) => {
    const [asked, gate] = [deferred(), deferred()]
    let isCalled = false
    const app = createApp(
      pipe(
        provide(() => {
          asked.resolve()
          return TE.fromTask(() => gate.promise.then(() => ({})))
        }),
        websocket((_socket, { signal }) => async () => {
          isCalled = !signal.aborted
          return E.right(undefined)
        }),
      ),
      quiet,
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await asked.promise
      vanish(raw)
      await raw.closed
      await turns(5)
      gate.resolve()
      await eventually(async () => (await connectionsOf(server)) === 0)
      await turns(5)
      expect(isCalled).toBe(false)
      const stopped = performance.now()
      await app.stop({ timeout: 3000 })
      expect(performance.now() - stopped).toBeLessThan(1000)
    })
  })

  it('that a middleware never lets through does not keep the server from stopping', async () => {
    const asked = deferred()
    const hanging: Koa.Middleware = () => {
      asked.resolve()
      return never()
    }
    const app = createApp(pipe(use(hanging), websocket(echo)), quiet)
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const raw = await dialRaw((server.address() as AddressInfo).port)
    raw.socket.write(handshakeText())
    await asked.promise
    await app.stop({ timeout: 0 })
    raw.socket.destroy()
    expect(server.listening).toBe(false)
  })

  it('of many that come at once becomes a socket each', async () => {
    await served(socketApp(echo), async ({ ws }) => {
      const peers = await Promise.all(range(50).map(() => dial(ws)))
      peers.forEach((peer, n) => peer.say(n))
      expect(await Promise.all(peers.map((peer) => peer.next()))).toEqual(range(50))
    })
  })
})

describe('send', () => {
  it('waits above the high-water mark, in bounded memory, and goes on when the client reads', async () => {
    let sent = 0
    const app = socketApp(
      talk(async (socket) => {
        for (const n of range(400)) {
          await socket.send({ n, padding: 'x'.repeat(60_000) })()
          sent = n + 1
        }
      }),
      { websocket: { highWaterMark: 200_000 } },
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const peer = await dial(ws)
      const [connection] = (await accepted) as [{ readonly writableLength: number }]
      peer.ws.pause()
      let before = -1
      await eventually(async () => {
        const isStill = sent === before
        before = sent
        await new Promise((resolve) => setTimeout(resolve, 50))
        return isStill
      })
      expect(sent).toBeLessThan(400)
      expect(connection.writableLength).toBeLessThan(400_000)
      peer.ws.resume()
      const numbers = (await listened(peer, 400)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(400))
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('hands no more than the high-water mark to the connection, however much is sent at once', async () => {
    const begun = deferred()
    const app = socketApp(
      talk(async (socket) => {
        const sending = range(300).map((n) => socket.send({ n, padding: 'x'.repeat(60_000) })())
        begun.resolve()
        await Promise.all(sending)
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ server, ws }) => {
      const accepted = once(server, 'connection')
      const dialed = dial(ws)
      const [connection] = (await accepted) as [{ readonly writableLength: number }]
      await begun.promise
      expect(connection.writableLength).toBeLessThan(200_000)
      const numbers = (await listened(await dialed, 300)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(300))
    })
  })

  it('keeps the order of sends that nobody awaits, though some have to wait', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const sending: Array<Promise<unknown>> = []
        const padding = 'x'.repeat(50_000)
        const more = (from: number): number =>
          sending.push(...range(40).map((n) => socket.send({ n: from + n, padding })()))
        for (const batch of range(5)) {
          more(batch * 40)
          await Promise.race(sending.slice(batch * 40))
        }
        await Promise.all(sending)
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      const numbers = (await listened(peer, 200)).map((message) => (message as { readonly n: number }).n)
      expect(numbers).toEqual(range(200))
    })
  })

  it('lets no later send overtake one that waits, though the client reads slowly', async () => {
    const app = socketApp(
      talk(async (socket) => {
        let count = 0
        const next = (size: number): Promise<unknown> => {
          count += 1
          return socket.send({ n: count - 1, padding: 'x'.repeat(size) })()
        }
        const first = range(150).flatMap(() => [60_000, 60_000, ...Array<number>(20).fill(1)].map(next))
        await Promise.all(first.map((sent) => sent.then(() => next(1))))
      }),
      { websocket: { highWaterMark: 100_000 } },
    )
    await served(app, async ({ port }) => {
      const slow = connect(port, '127.0.0.1')
      slow.write(handshakeText())
      const parts: Array<Buffer> = []
      const closing = Buffer.from([0x88, 2, 0x03, 0xe8]) // a close frame, 1000
      await new Promise<void>((resolve) =>
        slow.on('data', (part) => {
          parts.push(part)
          if (Buffer.concat(parts.slice(-2)).includes(closing)) return resolve()
          slow.pause()
          setImmediate(() => slow.resume())
        }),
      )
      slow.destroy()
      const numbers = [
        ...Buffer.concat(parts)
          .toString('latin1')
          .matchAll(/"n":(\d+)/g),
      ].map(([, n]) => Number(n))
      expect(numbers).toEqual(range(6600))
    })
  })

  it('that waits ends with SOCKET_CLOSED when the client leaves', async () => {
    const ended = deferred<ReadonlyArray<E.Either<AgentError.AgentError, void>>>()
    const app = socketApp(
      talk(async (socket) => {
        ended.resolve(await Promise.all(range(200).map(() => socket.send('x'.repeat(60_000))())))
      }),
      { websocket: { highWaterMark: 10_000 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.pause()
      await turns(10)
      peer.ws.terminate()
      expect((await ended.promise).at(-1)).toEqual(E.left(expect.objectContaining({ _tag: 'SocketClosed' })))
    })
  })

  it('refuses what is too large or has no JSON, and the socket stays', async () => {
    const app = socketApp(
      talk(async (socket) => {
        const outcomes = [
          await socket.send('x'.repeat(65_536))(),
          await socket.send(1n)(),
          await socket.send(() => 1)(),
          await socket.send(new Uint8Array(65_537))(),
        ]
        await socket.send(outcomes.map((outcome) => (E.isLeft(outcome) ? outcome.left._tag : 'sent')))()
        await socket.send(new Map([['set', new Set([1])]]))()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toEqual(['MessageTooLarge', 'Unencodable', 'Unencodable', 'MessageTooLarge'])
      expect(await peer.next()).toEqual({ set: [1] })
    })
  })

  it('after the close is a left', async () => {
    const outcome = deferred<unknown>()
    const app = socketApp(
      talk(async (socket) => {
        await socket.receive()
        outcome.resolve(await socket.send(1)())
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.ws.close(4001)
      expect(await outcome.promise).toEqual(E.left(expect.objectContaining({ _tag: 'SocketClosed' })))
    })
  })
})

describe('a dead peer', () => {
  it('that does not answer pings is cut off, and the signal aborts', async () => {
    const aborted = deferred()
    const app = createApp(
      websocket((_, { signal }) => async () => {
        signal.addEventListener('abort', () => aborted.resolve())
        await aborted.promise
        return E.right(undefined)
      }),
      { ...quiet, websocket: { pingInterval: 25 } },
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.pause()
      await aborted.promise
      await eventually(async () => (await connectionsOf(server)) === 0)
      raw.socket.destroy()
    })
  })

  it('is none that answers pings, however silent', async () => {
    let isAborted = false
    const app = createApp(
      websocket((socket, { signal }) => {
        signal.addEventListener('abort', () => (isAborted = true))
        return pipe(
          socket.receive,
          TE.chain(() => socket.send('still here')),
        )
      }),
      { ...quiet, websocket: { pingInterval: 10 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      for (const _ of range(8)) await once(peer.ws, 'ping')
      expect(isAborted).toBe(false)
      peer.say('hello')
      expect(await peer.next()).toBe('still here')
    })
  })

  it('is none that waits for a handler which does not read', async () => {
    const gate = deferred()
    const app = socketApp(
      talk(async (socket) => {
        await gate.promise
        for (const _ of range(200)) await socket.receive()
        await socket.send('read all')()
      }),
      { websocket: { pingInterval: 10, maxQueue: 4 } },
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say(...range(200).map((n) => ({ n, padding: 'x'.repeat(30_000) })))
      let beats = 0
      const timer = setInterval(() => (beats += 1), 10)
      await eventually(() => beats > 10)
      clearInterval(timer)
      gate.resolve()
      expect(await peer.next()).toBe('read all')
    })
  })
})

describe('the end of a socket', () => {
  it.each([
    ['a right', () => TE.right(undefined), { code: 1000, reason: '' }],
    ['a left', () => TE.left(AgentError.rejected(403, 'secret plans')), { code: 1011, reason: 'REJECTED' }],
    [
      'a throw',
      (): never => {
        throw new Error('secret plans')
      },
      { code: 1011, reason: 'INTERNAL_ERROR' },
    ],
    ['a rejection', () => () => Promise.reject(new Error('secret plans')), { code: 1011, reason: 'INTERNAL_ERROR' }],
    [
      'a late rejection of no error',
      () => async () => {
        await turns(2)
        return Promise.reject(new Error())
      },
      { code: 1011, reason: 'INTERNAL_ERROR' },
    ],
  ])('after %s has its code, and nothing leaks', async (_, handler, closed) => {
    await served(socketApp(handler as Handler.SocketHandler<unknown, unknown>), async ({ ws }) => {
      expect(await (await dial(ws)).closed).toEqual(closed)
    })
  })

  it('after a throw is logged with its cause and ids', async () => {
    const log = logSink()
    const app = createApp(
      websocket(() => () => Promise.reject(new Error('broken inside'))),
      { log: log.options },
    )
    await served(app, async ({ ws }) => {
      const headers = { [sessionHeader]: 'session-1', [requestHeader]: 'request-1' }
      await (
        await dial(ws, { headers })
      ).closed
      expect(await log.line('Socket failed')).toMatchObject({
        level: 'ERROR',
        sessionId: 'session-1',
        requestId: 'request-1',
        errorMessage: 'broken inside',
      })
    })
  })

  it.each([
    ['text that is no JSON', frameOf('{'), 1007],
    ['text that is no UTF-8', frameOf(Uint8Array.of(0xff, 0xfe)), 1007],
    ['an empty text', frameOf(''), 1007],
    ['a number out of range', frameOf('1e999'), 1007],
    ['a frame that is too large', frameOf('x'.repeat(65_537)), 1009],
    [
      'fragments that are too large together',
      Buffer.concat([frameOf('x'.repeat(40_000), 1, false), frameOf('x'.repeat(40_000), 0)]),
      1009,
    ],
    ['a reserved opcode', frameOf('', 3), 1002],
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x31]), 1002],
    ['a continuation of nothing', frameOf('1', 0), 1002],
  ])('after %s has its code, and leaves no connection', async (_, bytes, code) => {
    await served(socketApp(echo), async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(bytes)
      const frames = framesIn(await raw.until((all) => framesIn(all).some(({ opcode }) => opcode === 8)))
      expect(frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE()).toBe(code)
      raw.socket.end()
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('accepts a message that is exactly as large as allowed', async () => {
    await served(socketApp(echo), async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('x'.repeat(65_534))
      expect(await peer.next()).toHaveLength(65_534)
    })
  })

  it('is 1001 when the server stops, and the signal aborts', async () => {
    const aborted = deferred<unknown>()
    const app = createApp(
      websocket((_, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason))
        return () => never()
      }),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      const stopped = app.stop({ timeout: 50 })
      expect(await peer.closed).toEqual({ code: 1001, reason: 'STOPPING' })
      expect(await aborted.promise).toMatchObject({ _tag: 'Stopping' })
      await stopped
    })
  })

  it('is 1011 when the deadline passes', async () => {
    await served(
      socketApp(() => () => never(), { deadline: 20 }),
      async ({ ws }) => {
        expect(await (await dial(ws)).closed).toEqual({ code: 1011, reason: 'DEADLINE_EXCEEDED' })
      },
    )
  })

  it.each([
    ['as the handler says', 4000, 'done', { code: 4000, reason: 'done' }],
    ['with a reason cut to 123 bytes, whole characters', 1000, 'é'.repeat(100), { code: 1000, reason: 'é'.repeat(60) }],
    ['with an emoji cut whole', 3999, `${'x'.repeat(118)}😀😀`, { code: 3999, reason: 'x'.repeat(118) }],
    ['with 1011 in place of a code that must not be sent', 1006, 'x', { code: 1011, reason: 'x' }],
    ['with 1011 in place of no code at all', 99_999, '', { code: 1011, reason: '' }],
  ])('is %s', async (_, code, reason, closed) => {
    const app = socketApp((socket) => TE.fromIO(socket.close(code, reason)))
    await served(app, async ({ ws }) => expect(await (await dial(ws)).closed).toEqual(closed))
  })

  it('comes at once though the peer floods a handler that has ended', async () => {
    const app = socketApp((socket) => TE.map(() => undefined)(socket.receive))
    await served(app, async ({ server, ws }) => {
      const peer = await dial(ws)
      const start = performance.now()
      for (const n of range(5000)) peer.ws.send(JSON.stringify({ n, padding: 'x'.repeat(1000) }))
      expect(await peer.closed).toMatchObject({ code: 1000 })
      await eventually(async () => (await connectionsOf(server)) === 0)
      expect(performance.now() - start).toBeLessThan(4000)
    })
  })

  it('comes when the peer ends its half of the connection', async () => {
    const ended = deferred<unknown>()
    const app = createApp(
      websocket((socket, { signal }) => async () => {
        signal.addEventListener('abort', () => ended.resolve(signal.reason))
        await socket.receive()
        return E.right(undefined)
      }),
      quiet,
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.end()
      expect(await ended.promise).toMatchObject({ _tag: 'Cancelled' })
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('comes when the peer vanishes in the midst of a message, which is never delivered', async () => {
    const heard = deferred<unknown>()
    const app = socketApp((socket) =>
      pipe(
        socket.receive,
        TE.map((message) => heard.resolve(message)),
      ),
    )
    await served(app, async ({ server, port }) => {
      const raw = await dialRaw(port)
      raw.socket.write(handshakeText())
      await raw.until(isUpgraded)
      raw.socket.write(frameOf('"a long message"').subarray(0, 9))
      await turns(3)
      raw.socket.resetAndDestroy()
      expect(await heard.promise).toEqual(O.none)
      await eventually(async () => (await connectionsOf(server)) === 0)
    })
  })

  it('leaves no socket, listener, session or call behind, 200 times', async () => {
    const app = socketApp(echo, { websocket: { pingInterval: 50 } })
    await served(app, async ({ server, ws }) => {
      for (const _ of range(20)) {
        const peers = await Promise.all(range(10).map(() => dial(ws)))
        peers.forEach((peer) => peer.say(1))
        await Promise.all(peers.map((peer) => peer.next()))
        peers.forEach((peer, n) => (n % 2 === 0 ? peer.ws.close() : peer.ws.terminate()))
        await Promise.all(peers.map(({ closed }) => closed))
      }
      await eventually(async () => (await connectionsOf(server)) === 0)
      expect(server.eventNames().map((name) => server.listenerCount(name))).toEqual(
        server.eventNames().map(() => expect.any(Number) as number),
      )
      expect(server.listenerCount('upgrade')).toBe(1)
      const start = performance.now()
      await app.stop({ timeout: 5000 })
      expect(performance.now() - start).toBeLessThan(1000)
    })
  })
})

describe('Handler.fromMessages', () => {
  it('listens and answers at once', async () => {
    const app = socketApp(
      Handler.fromMessages(async function* (messages) {
        const iterator = messages[Symbol.asyncIterator]()
        let heard = iterator.next()
        yield 'asked'
        yield 'and talking on'
        yield { heard: (await heard).value }
        heard = iterator.next()
        yield { then: (await heard).value }
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await listened(peer, 2)).toEqual(['asked', 'and talking on'])
      peer.say('a', 'b')
      expect(await listened(peer, 2)).toEqual([{ heard: 'a' }, { then: 'b' }])
      expect(await peer.closed).toMatchObject({ code: 1000 })
    })
  })

  it('is ended within 100 ms of the client leaving, though it awaits something else', async () => {
    const ended = deferred<number>()
    const app = createApp(
      websocket(
        Handler.fromMessages(async function* (_, { signal }) {
          try {
            yield 'ready'
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          } finally {
            ended.resolve(performance.now())
          }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      const left = performance.now()
      peer.ws.terminate()
      expect((await ended.promise) - left).toBeLessThan(100)
    })
  })

  it('gives its session back when the client leaves, though it awaits what never comes', async () => {
    const app = socketApp(
      Handler.fromMessages(async function* () {
        yield 'ready'
        await never()
      }),
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      expect(await peer.next()).toBe('ready')
      peer.ws.terminate()
      const start = performance.now()
      await app.stop({ timeout: 5000 })
      expect(performance.now() - start).toBeLessThan(1000)
    })
  })

  it('is ended when a message cannot be sent, with its finally run', async () => {
    let isClean = false
    const app = socketApp(
      Handler.fromMessages(function* () {
        try {
          yield 1n
        } finally {
          isClean = true
        }
      }),
    )
    await served(app, async ({ ws }) => {
      expect(await (await dial(ws)).closed).toEqual({ code: 1011, reason: 'UNENCODABLE' })
      expect(isClean).toBe(true)
    })
  })
})

describe('Handler.latest', () => {
  it('interrupts the answer under way for a newer message', async () => {
    const interrupted: Array<unknown> = []
    const app = createApp(
      websocket(
        { inbound: t.string, outbound: t.string },
        Handler.latest(async function* (question: string, { signal }) {
          try {
            yield `${question} 1`
            if (question === 'slow') await new Promise((resolve) => signal.addEventListener('abort', resolve))
            yield `${question} 2`
          } finally {
            interrupted.push([question, signal.aborted])
          }
        }),
      ),
      quiet,
    )
    await served(app, async ({ ws }) => {
      const peer = await dial(ws)
      peer.say('slow')
      expect(await peer.next()).toBe('slow 1')
      peer.say('quick')
      expect(await listened(peer, 2)).toEqual(['quick 1', 'quick 2'])
      peer.ws.close()
      await peer.closed
      await eventually(() => interrupted.length === 2)
      expect(interrupted).toEqual([
        ['slow', true],
        ['quick', false],
      ])
    })
  })
})

describe('other clients', () => {
  it("talk to it: Node's own WebSocket, which is undici's", async () => {
    await served(socketApp(echo), async ({ ws }) => {
      await withChild(
        'socketClient',
        { flags: ['--experimental-websocket', '--no-warnings'], args: [ws] },
        async (child) => {
          expect(await child.line('heard')).toBe('heard ["hello",{"n":2}] with chat')
          expect(await child.line('closed')).toBe('closed 1000 true')
          expect(await child.exited).toMatchObject({ code: 0 })
        },
      )
    })
  })
})
