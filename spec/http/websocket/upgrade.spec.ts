/** From a request to a socket: what an upgrade asks, and who is refused. */
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { type AddressInfo } from 'node:net'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import {
  type Agent,
  AgentError,
  createApp,
  entrypoint,
  Handler,
  provide,
  Reply,
  use,
  websocket,
  wrap,
} from '../../../lib'
import {
  connectionsOf,
  deferred,
  dial,
  dialRaw,
  eventually,
  framesIn,
  handshakeText,
  isUpgraded,
  logSink,
  never,
  quiet,
  refused,
  requestHeader,
  served,
  sessionHeader,
  turns,
} from '../socketSupport'
import { echo, talk, socketApp, range } from './socketAgents'

/** An agent of whatever state. A function of its own, since a cast within `pipe` takes the linter a minute. */
const asAgent = (agent: unknown): Agent.Agent => agent as Agent.Agent

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

  it.each<readonly [name: string, agent: unknown, status: number, body: Readonly<Record<string, unknown>>]>([
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
    const app = createApp(pipe(asAgent(agent), websocket(handler)), quiet)
    await served(app, async ({ port, server }) => {
      const answer = await refused(port, { [requestHeader]: 'request-7' })
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { requestId: 'request-7' } })
      expect(answer.body).toMatchObject(
        'details' in body && status === 500 ? { code: body['code'] } : { ...body, requestId: 'request-7' },
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
      expect(await answer).toMatchObject({ status, body: { code, requestId: expect.any(String) } })
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
