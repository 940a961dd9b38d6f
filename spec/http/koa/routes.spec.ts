/** Further routes by @koa/router, beside those of an agent. */
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { Router } from '@koa/router'
import fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, createApp, entrypoint, provide, routes, use, websocket, wrap } from '../../../lib'
import { sigv4Authorizer } from '../../../lib/auth'
import {
  aborted,
  answerIn,
  ask,
  eventually,
  failureIn,
  failureOf,
  gate,
  injected,
  rawTo,
  served,
  wire,
} from '../support'
import { credentials } from '../../auth/signing'
import { handshake } from '../app/middlewares'

const echo = entrypoint((payload) => TE.right(payload))

const texts = async (...sent: ReadonlyArray<Promise<Response>>): Promise<ReadonlyArray<readonly [number, string]>> =>
  Promise.all(sent.map(async (response) => [(await response).status, await (await response).text()] as const))

describe('a route', () => {
  wire(
    'answers beside the agent, with params, names and what Koa makes of a body',
    pipe(
      routes((router) =>
        router.get('item', '/items/:id', (ctx) => {
          ctx.body = { id: ctx.params['id'], link: router.url('item', 8), name: ctx.routerName }
        }),
      ),
      echo,
    ),
    async ({ send }) => {
      const response = await send('/items/7?x=1')
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      expect(await response.json()).toEqual({ id: '7', link: '/items/8', name: 'item' })
      expect(await (await send('/invocations', { body: [1] })).json()).toEqual([1])
      expect(await (await send('/ping')).json()).toMatchObject({ status: 'Healthy' })
      const head = await send('/items/7', { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([200, ''])
    },
  )

  wire(
    'fails in the one shape: an unknown path, a wrong method, a throw, a refusal',
    pipe(
      echo,
      routes((router) => {
        router.get('/items', (ctx) => ctx.throw(409, 'Busy'))
        router.put('/items', () => {
          throw new Error('secret')
        })
        router.get('/nothing', () => undefined)
        router.get('/gone', (ctx) => {
          ctx.status = 410
        })
      }),
    ),
    async ({ send, logged }) => {
      const failures = await Promise.all(
        [
          send('/nowhere'),
          send('/items', { method: 'DELETE' }),
          send('/items', { method: 'PUT' }),
          send('/items'),
          send('/nothing'),
          send('/gone'),
          send('/nowhere', { method: 'PROPFIND' }),
        ].map(async (sent) => failureOf(await sent)),
      )
      expect(failures.map(({ status, code, error }) => [status, code, error])).toEqual([
        [404, 'NOT_FOUND', 'Not Found'],
        [405, 'METHOD_NOT_ALLOWED', 'Method Not Allowed'],
        [500, 'INTERNAL_ERROR', 'Internal Server Error'],
        [409, 'REJECTED', 'Busy'],
        [404, 'NOT_FOUND', 'Not Found'],
        [410, 'REJECTED', 'Gone'],
        [501, 'REJECTED', 'Not Implemented'],
      ])
      expect((await send('/items', { method: 'DELETE' })).headers.get('allow')).toBe('HEAD, GET, PUT')
      const options = await send('/items', { method: 'OPTIONS' })
      expect([options.status, options.headers.get('allow')]).toEqual([200, 'HEAD, GET, PUT'])
      expect(JSON.stringify(logged())).toContain('A route failed')
    },
  )

  it('has the request id of the service in its failure and its log lines, and one line of its own', () =>
    injected(
      pipe(
        echo,
        routes((router) => router.get('/fails/:how', (ctx) => ctx.throw(400, 'No'))),
      ),
      async ({ send, logged }) => {
        const requestId = 'from-the-service'
        const headers = { 'x-amzn-bedrock-agentcore-runtime-request-id': requestId }
        expect(await failureOf(await send('/fails/now', { headers }))).toMatchObject({ requestId })
        await eventually(() => logged().length >= 2, 'both lines are written')
        expect(logged().filter((line) => line['requestId'] === requestId)).toMatchObject([
          { level: 'WARNING', message: 'A route refused a request' },
          {
            message: 'Request completed',
            method: 'GET',
            route: '/fails/:how',
            status: 400,
            duration: expect.any(Number),
          },
        ])
      },
    ))

  it('runs inside of all middleware, wherever it stands in the pipe, and of what is added to the app', () => {
    const seen: Array<string> = []
    const noting = (name: string): Agent.Agent =>
      use(async (ctx, next) => {
        seen.push(name)
        await next()
        seen.push(`${name} ${ctx.status} ${String(ctx.body)}`)
      })
    const agent = pipe(
      routes((router) =>
        router.get('/a', (ctx) => {
          seen.push('route')
          ctx.body = 'A'
        }),
      ),
      noting('one'),
      echo,
      noting('two'),
    )
    return injected(agent, async ({ app, send }) => {
      app.use(async (_, next) => {
        seen.push('added')
        await next()
      })
      expect(await texts(send('/a'))).toEqual([[200, 'A']])
      expect(seen).toEqual(['one', 'two', 'added', 'route', 'two 200 A', 'one 200 A'])
    })
  })

  it('does not run providers and wraps, which are for handlers', () =>
    injected(
      pipe(
        provide(() => TE.left<never, {}>(undefined as never)),
        wrap(() => () => TE.right(undefined as never)),
        routes((router) =>
          router.get('/a', (ctx) => {
            ctx.body = 'A'
          }),
        ),
      ),
      async ({ send }) => expect(await texts(send('/a'))).toEqual([[200, 'A']]),
    ))

  it('may return anything from its handler, as in Koa', () =>
    injected(
      routes((router) =>
        router.get('/a', (ctx) => {
          ctx.body = 'A'
          return true
        }),
      ),
      async ({ send }) => expect(await texts(send('/a'))).toEqual([[200, 'A']]),
    ))

  it('may stream', () =>
    injected(
      routes((router) =>
        router.get('/stream', (ctx) => {
          ctx.body = Readable.from(['a', 'b'])
        }),
      ),
      async ({ send }) => expect(await texts(send('/stream'))).toEqual([[200, 'ab']]),
    ))

  it('finds the context of its request as app.current, if the app stores it', () =>
    injected(
      routes((router) =>
        router.get('/who', async (ctx) => {
          await Promise.resolve()
          ctx.body = pipe(
            (ctx.app as unknown as ReturnType<typeof createApp>).current(),
            O.match(
              () => 'nobody',
              ({ sessionId }) => sessionId,
            ),
          )
        }),
      ),
      async ({ send }) => {
        const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a-session' }
        expect(await texts(send('/who', { headers }))).toEqual([[200, 'a-session']])
      },
      { asyncLocalStorage: true },
    ))

  it('needs no session, but an invalid session id is refused as everywhere', () =>
    injected(
      routes((router) =>
        router.get('/a', (ctx) => {
          ctx.body = 'A'
        }),
      ),
      async ({ send }) => {
        expect(await texts(send('/a'))).toEqual([[200, 'A']])
        const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'no id' }
        expect(await failureOf(await send('/a', { headers }))).toMatchObject({ status: 400 })
      },
      { session: { policy: 'require' } },
    ))
})

describe('routers', () => {
  const answering = (text: string) => (ctx: { body: unknown }) => {
    ctx.body = text
  }

  it('may be ready, have prefixes, be nested, and be several', () => {
    const inner = new Router().get('inner', '/:id', (ctx) => {
      ctx.body = [ctx.params, ctx.routerPath]
    })
    const outer = new Router({ prefix: '/v1' }).use('/things', inner.routes())
    return injected(
      pipe(
        routes(outer),
        routes((router) => router.prefix('/admin').get('/', answering('admin')).all('/x', answering('x'))),
        echo,
        routes((router) => router.get('/', answering('root')).redirect('/old', '/admin/x')),
      ),
      async ({ send }) => {
        expect(
          await texts(send('/v1/things/7'), send('/admin'), send('/admin/x', { method: 'PATCH' }), send('/')),
        ).toEqual([
          [200, '[{"id":"7"},"/v1/things/:id"]'],
          [200, 'admin'],
          [200, 'x'],
          [200, 'root'],
        ])
        const moved = await send('/old')
        expect([moved.status, moved.headers.get('location')]).toEqual([301, '/admin/x'])
        await moved.text()
        expect((await send('/v1/things/7', { method: 'POST' })).headers.get('allow')).toBe('HEAD, GET')
      },
    )
  })

  it('share a path by method', () =>
    injected(
      pipe(
        routes((router) => router.get('/a', answering('got'))),
        routes((router) => router.put('/a', answering('put'))),
      ),
      async ({ send }) => {
        expect(await texts(send('/a'), send('/a', { method: 'PUT' }))).toEqual([
          [200, 'got'],
          [200, 'put'],
        ])
        const response = await send('/a', { method: 'DELETE' })
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'HEAD, GET, PUT'])
      },
    ))

  it('are filled anew for each app', async () => {
    const filled: Array<unknown> = []
    const agent = routes((router) => {
      filled.push(router)
    })
    const apps = [createApp(agent, { log: { level: 'silent' } }), createApp(agent, { log: { level: 'silent' } })]
    expect(new Set(filled).size).toBe(2)
    await Promise.all(apps.map((app) => app.stop()))
  })
})

describe('a collision with a path of the agent', () => {
  const colliding: ReadonlyArray<readonly [string, Agent.Agent, string]> = [
    ['an exact path', routes((router) => router.get('health', '/ping', () => undefined)), 'GET /ping ("health")'],
    ['whatever the method', routes((router) => router.delete('/invocations', () => undefined)), 'DELETE /invocations'],
    ['whatever the case', routes((router) => router.get('/WS', () => undefined)), 'GET /WS'],
    ['with an option', routes((router) => router.get('/ping{/:id}', () => undefined)), 'GET /ping{/:id}'],
    ['an expression', routes((router) => router.get(/^\/(ping|status)$/, () => undefined)), 'GET /^\\/(ping|status)$/'],
    ['by a prefix', routes(new Router({ prefix: '/ping' }).get('/', () => undefined)), 'GET /ping'],
    [
      'in a nested router',
      routes((router) => router.use('/ws', new Router().post('/', () => undefined).routes())),
      'POST /ws',
    ],
  ]

  it.each(colliding)('%s is an error at createApp, which names it', (_, agent, named) => {
    expect(() => createApp(pipe(agent, echo))).toThrow(`The route ${named} collides with /`)
  })

  it('says what to do', () => {
    expect(() => createApp(routes((router) => router.get('/ping', () => undefined)))).toThrow(
      'The route GET /ping collides with /ping, which the agent itself serves. Give the route another path; ' +
        '/invocations, /ping, /ws belong to the agent.',
    )
  })

  wire(
    'is none for a pattern, which gets everything but them',
    pipe(
      echo,
      routes((router) => {
        router.all('/*path', (ctx) => {
          ctx.body = ctx.params['path']
        })
        router.use((ctx, next) => {
          ctx.set('x-routed', '1')
          return next()
        })
      }),
      websocket((socket) => socket.send('hello')),
    ),
    async ({ send }) => {
      expect(await texts(send('/a/b'), send('/pingx'), send('/ping/'), send('/invocations', { body: 7 }))).toEqual([
        [200, 'a/b'],
        [200, 'pingx'],
        [200, 'ping/'],
        [200, '7'],
      ])
      expect(await failureOf(await send('/invocations'))).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
      expect(await failureOf(await send('/ws'))).toMatchObject({ status: 426 })
      expect((await send('/ping')).headers.get('x-routed')).toBeNull()
    },
  )

  it('never lets a route have a path of the agent, whatever routes there are', () => {
    const segment = fc.constantFrom('ping', 'ws', 'invocations', ':any', '*rest', 'p:rest', 'x')
    const pattern = fc.array(segment, { minLength: 1, maxLength: 2 }).map((parts) => `/${parts.join('/')}`)
    return fc.assert(
      fc.asyncProperty(fc.array(pattern, { maxLength: 4 }), async (patterns) => {
        const agent = pipe(
          echo,
          routes((router) => patterns.forEach((one) => void router.all(one, (ctx) => (ctx.body = 'routed')))),
        )
        const isRefused = patterns.some((one) => /^\/(ping|ws|invocations)$/.test(one))
        if (isRefused) return expect(() => createApp(agent)).toThrow('collides with')
        const app = createApp(agent, { log: { level: 'silent' } })
        expect(await texts(app.inject('/invocations', { body: 1 }))).toEqual([[200, '1']])
        expect(await (await app.inject('/ping')).json()).toMatchObject({ status: 'Healthy' })
        expect((await app.inject('/ws')).status).toBe(404)
        await app.stop()
      }),
      { numRuns: 30 },
    )
  })
})

describe('what guards the agent guards its routes', () => {
  const admin = routes((router) =>
    router.get('/admin', (ctx) => {
      ctx.body = 'admin'
    }),
  )

  it('a middleware that comes after them in the pipe', () =>
    injected(
      pipe(
        admin,
        use((ctx) => ctx.throw(401, 'Who are you?')),
        echo,
      ),
      async ({ send }) => expect(await failureOf(await send('/admin'))).toMatchObject({ status: 401 }),
    ))

  it('an authorizer, whose open paths no rewriting opens further', () =>
    served(
      pipe(
        admin,
        sigv4Authorizer({ credentials, region: 'us-west-2' }, { open: ['/public'] }),
        use((ctx, next) => {
          if (ctx.query['rewrite'] !== undefined) ctx.path = '/admin'
          return next()
        }),
        routes((router) =>
          router.get('/public', (ctx) => {
            ctx.body = 'public'
          }),
        ),
        entrypoint(() => TE.right(1)),
      ),
      async ({ send }) => {
        expect(await texts(send('/public'))).toEqual([[200, 'public']])
        expect(await failureOf(await send('/admin'))).toMatchObject({ status: 403 })
        expect(await failureOf(await send('/public?rewrite'))).toMatchObject({ status: 401 })
        expect(await failureOf(await send('/ping?rewrite'))).toMatchObject({ status: 401 })
      },
    ))

  it('the host guard of a loopback address', () =>
    served(admin, async ({ port }) => {
      const get = (headers: Readonly<Record<string, string>>) => ask(port, { path: '/admin', method: 'GET', headers })
      expect((await get({})).status).toBe(200)
      const refused = await get({ host: 'evil.example' })
      expect([refused.status, failureIn(refused.text).code]).toEqual([403, 'FORBIDDEN_HOST'])
    }))
})

describe('a route in flight', () => {
  it('may finish while the app stops, on a port and in memory, and no new one begins', async () => {
    for (const how of ['port', 'memory'] as const) {
      const [entered, more] = [gate(), gate()]
      const agent = routes((router) =>
        router.get('/slow', async (ctx) => {
          entered.open()
          await more.opened
          ctx.body = 'done'
        }),
      )
      const app = createApp(agent, { log: { level: 'silent' } })
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      await app.inject('/ping') // the server of `inject` exists before the app stops
      const address = server.address()
      const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/slow`
      const sent = how === 'port' ? fetch(url) : app.inject('/slow')
      await entered.opened
      const stopped = app.stop({ timeout: 5000 })
      expect(await failureOf(await app.inject('/slow'))).toMatchObject({ status: 503, code: 'STOPPING' })
      more.open()
      expect(await texts(sent)).toEqual([[200, 'done']])
      await stopped
    }
  })

  it('is answered with 503 when the app waits no longer, and with 504 at the deadline', async () => {
    const stuck = routes((router) => router.get('/stuck', () => new Promise(() => undefined)))
    const app = createApp(stuck, { log: { level: 'silent' } })
    const sent = app.inject('/stuck')
    await new Promise((resolve) => setImmediate(resolve))
    const [response] = await Promise.all([sent, app.stop({ timeout: 50 })])
    expect(await failureOf(response)).toMatchObject({ status: 503, code: 'STOPPING' })
    await injected(
      stuck,
      async ({ send }) => expect(await failureOf(await send('/stuck'))).toMatchObject({ status: 504 }),
      { deadline: 20 },
    )
  })

  it('cuts off a stream at the deadline', () =>
    injected(
      routes((router) =>
        router.get('/endless', (ctx) => {
          const endless = new Readable({ read: () => undefined })
          endless.push('a')
          ctx.body = endless
        }),
      ),
      async ({ send }) => expect((await send('/endless')).text()).rejects.toThrow(),
      { deadline: 100 },
    ))

  it('ends with its client', async () => {
    const [entered, left] = [gate(), gate()]
    const agent = routes((router) =>
      router.get('/slow', async (ctx) => {
        entered.open()
        await new Promise((resolve) => ctx.res.once('close', resolve))
        left.open()
      }),
    )
    await injected(agent, async ({ send, logged }) => {
      const leave = new AbortController()
      const sent = send('/slow', { signal: leave.signal })
      await entered.opened
      leave.abort()
      await expect(sent).rejects.toThrow()
      await left.opened
      await eventually(
        () => logged().some(({ message }) => message === 'The client closed the connection'),
        'it is logged',
      )
    })
  })

  it('is no invocation that a cancellation of its session would end', () =>
    injected(
      routes((router) =>
        router.post('/cancel', (ctx) => {
          const id = ctx.get('x-amzn-bedrock-agentcore-runtime-session-id')
          ctx.body = { cancelled: (ctx.app as unknown as ReturnType<typeof createApp>).cancel(id)() }
        }),
      )(
        entrypoint((_, { signal }) =>
          TE.fromTask(async () => {
            await aborted(signal)
          }),
        ),
      ),
      async ({ send }) => {
        const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a-session' }
        const sent = send('/invocations', { body: {}, headers })
        await new Promise((resolve) => setTimeout(resolve, 20))
        expect(await (await send('/cancel', { method: 'POST', headers })).json()).toEqual({ cancelled: 1 })
        expect((await sent).status).toBeGreaterThanOrEqual(400)
      },
    ))
})

describe('an upgrade', () => {
  it('of the agent’s own path passes by the routes; for another path a route answers it', () =>
    served(
      pipe(
        routes((router) =>
          router.get('/*path', (ctx) => {
            ctx.body = { path: ctx.path }
          }),
        ),
        websocket((socket) => socket.send('hello')),
      ),
      async ({ port }) => {
        const accepted = await rawTo(port)
        accepted.say(handshake())
        expect(await accepted.hears('hello')).toMatch(/^HTTP\/1.1 101 /)
        accepted.socket.destroy()
        const answered = await rawTo(port)
        answered.say(handshake('/elsewhere'))
        const { status, body } = answerIn(await answered.closed)
        expect([status, JSON.parse(body)]).toEqual([200, { path: '/elsewhere' }])
      },
    ))
})

describe('what middleware reads of the route', () => {
  const seen: Array<unknown> = []
  const look = use(async (ctx, next) => {
    const read = (): unknown => [ctx['_matchedRoute'], ctx['_matchedRouteName'], ctx['routerPath'], ctx['routerName']]
    const before = read()
    await next()
    seen.push([ctx.path, before, read()])
  })
  const named = (path: string, name: string): unknown => [path, name, path, name]
  const none = [undefined, undefined, undefined, undefined]

  wire(
    'is that of the agent’s own paths as well, before and after the handler',
    pipe(
      look,
      routes((router) =>
        router.get('item', '/items/:id', (ctx) => {
          ctx.body = 1
        }),
      ),
      echo,
    ),
    async ({ send }) => {
      seen.length = 0
      for (const path of ['/ping', '/ws', '/items/7', '/nowhere']) await (await send(path)).text()
      await (await send('/invocations?x', { body: 1 })).text()
      expect(seen).toEqual([
        ['/ping', named('/ping', 'ping'), named('/ping', 'ping')],
        ['/ws', named('/ws', 'ws'), named('/ws', 'ws')],
        ['/items/7', none, named('/items/:id', 'item')],
        ['/nowhere', none, none],
        ['/invocations', named('/invocations', 'invocations'), named('/invocations', 'invocations')],
      ])
    },
  )
})
