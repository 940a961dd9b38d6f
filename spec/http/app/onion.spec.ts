/** The order of middleware around a handler, and what it hands on. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import helmet from 'koa-helmet'
import { z } from 'zod'
import { AgentError, type Context, entrypoint, Handler, ping, provide, Reply, use } from '../../../lib'
import {
  aborted,
  after,
  answerIn,
  ask,
  eventually,
  failureIn,
  failureOf,
  gate,
  invocation,
  rawTo,
  rejecting,
  served,
  wire,
} from '../support'
import { compress, post, agent, handshake } from './middlewares'

describe('the onion', () => {
  it('goes in pipe order, those of app.use inside those of the agent, handlers innermost', async () => {
    const order: Array<string> = []
    const noting =
      (name: string): Koa.Middleware =>
      async (_, next) => {
        order.push(`${name} in`)
        await next()
        order.push(`${name} out`)
      }
    const noted = pipe(
      use(noting('a')),
      provide(() => TE.fromIO(() => after(order.push('provide'), {}))),
      use(noting('b')),
      entrypoint(() => TE.fromIO(() => order.push('handler'))),
    )
    await served(noted, async ({ app, send }) => {
      app.use(noting('c'))
      await (await post(send)).text()
      expect(order).toEqual(['a in', 'b in', 'c in', 'provide', 'handler', 'c out', 'b out', 'a out'])
      app.use(noting('d'))
      await (await post(send)).text()
      expect(order.slice(8, 12)).toEqual(['a in', 'b in', 'c in', 'd in'])
    })
  })

  it('sees the final status, headers and body, and may change them', () =>
    served(
      pipe(
        use(async (ctx, next) => {
          await next()
          const seen = [
            ctx.status,
            ctx.type,
            ctx.response.get('x-amzn-bedrock-agentcore-runtime-session-id').length > 0,
            ctx.body,
          ]
          ctx.status = 202
          ctx.body = { seen }
        }),
        entrypoint((payload) => TE.right(payload)),
      ),
      async ({ send }) => {
        const response = await post(send, { a: 1 })
        expect(response.status).toBe(202)
        expect(await response.json()).toEqual({ seen: [200, 'application/json', true, { a: 1 }] })
        const failed = await post(send, '{')
        expect(await failed.json()).toMatchObject({ seen: [400, 'application/json', true, expect.anything()] })
      },
    ))

  it('may take the place of a stream, whose source is closed then', async () => {
    const closed = gate()
    const source = {
      next: () => ({ done: false, value: 1 }),
      return: () => after(closed.open(), { done: true, value: undefined }),
    }
    await served(
      pipe(
        use(async (ctx, next) => {
          await next()
          ctx.body = { instead: true }
        }),
        entrypoint(() => TE.right(source)),
      ),
      async ({ send }) => {
        expect(await (await post(send)).json()).toEqual({ instead: true })
        await closed.opened
      },
    )
  })

  it('a middleware that answers by itself keeps the handler from being called', async () => {
    const calls: Array<unknown> = []
    await served(
      pipe(
        use((ctx) => {
          ctx.body = 'mine'
        }),
        entrypoint((payload) => TE.fromIO(() => calls.push(payload))),
      ),
      async ({ send }) => {
        expect(await (await post(send)).text()).toBe('mine')
        expect(calls).toEqual([])
      },
    )
  })

  for (const [name, middleware, status] of [
    ['a status without a body', (ctx: Koa.Context) => void (ctx.status = 403), 403],
    ['nothing at all', () => undefined, 404],
    ['ctx.throw(401)', (ctx: Koa.Context) => ctx.throw(401, 'Who?'), 401],
    ['ctx.throw(503), which is not shown', (ctx: Koa.Context) => ctx.throw(503, 'inside'), 503],
    ['ctx.assert', (ctx: Koa.Context) => ctx.assert(false, 422, 'Not so'), 422],
    ['an error with a status', () => Promise.reject(Object.assign(new Error('inside'), { status: 409 })), 409],
    ['an error without', () => Promise.reject(new Error('inside')), 500],
    ['next called twice', (_: Koa.Context, next: Koa.Next) => next().then(next), 500],
    ['an AgentError', () => rejecting(AgentError.rejected(418, 'Tea')), 418],
    ['a string', () => rejecting('inside'), 500],
  ] as const) {
    wire(`${name} is ${status} in the one shape`, pipe(use(middleware), agent), async ({ send }) => {
      for (const path of ['/invocations', '/nowhere']) {
        const response = await send(path, { body: {} })
        const text = await response.text()
        expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/json'])
        failureIn(text)
        expect(text).not.toContain('inside')
      }
    })

    it(`${name} keeps an upgrade from becoming a socket`, () =>
      served(pipe(use(middleware), agent), async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(handshake())
        const { status: told, body } = answerIn(await raw.closed)
        failureIn(body)
        expect(told).toBe(status)
      }))
  }

  it('a client that leaves while a middleware waits harms nobody', async () => {
    const [entered, left] = [gate(), gate()]
    const waiting = use(async (_, next) => {
      entered.open()
      await left.opened
      await next()
    })
    await served(pipe(waiting, agent), async ({ port, logged }) => {
      const raw = await rawTo(port)
      raw.say(invocation({}))
      await entered.opened
      raw.socket.resetAndDestroy()
      await raw.closed
      left.open()
      await eventually(() => logged().length > 0, 'something is logged')
      expect(logged().filter(({ level }) => level === 'ERROR')).toEqual([])
    })
  })

  it('a stream behind a middleware ends when the client leaves', async () => {
    const ended = gate()
    const streaming = entrypoint(
      Handler.fromGenerator(async function* (_, { signal }) {
        yield 1
        await aborted(signal)
        ended.open()
      }),
    )
    await served(pipe(use(helmet()), use(compress()), streaming), async ({ port }) => {
      const raw = await rawTo(port)
      raw.say(invocation({}))
      await raw.hears('data: 1')
      raw.socket.destroy()
      await ended.opened
    })
  })
})

describe('what a middleware left in ctx.state, typed', () => {
  const leaving =
    (state: object): Koa.Middleware =>
    (ctx, next) => {
      Object.assign(ctx.state, state)
      return next()
    }
  interface WithUser {
    readonly user: { readonly name: string; readonly roles: ReadonlyArray<string> }
  }
  const tells = entrypoint((_, { state }: Context.Context<WithUser>) => TE.right(state))
  const User = t.type({ user: t.type({ name: t.string, roles: t.array(t.string) }) })
  const UserZ = z.object({ user: z.object({ name: z.string(), roles: z.array(z.string()) }) })
  const good = { user: { name: 'Ann', roles: ['a'] } }
  const bad = { user: { name: 'Ann', roles: ['a', 7] } }

  for (const [name, withState] of Object.entries({
    'io-ts': (state: object) => pipe(use(leaving(state), User), tells),
    zod: (state: object) => pipe(use(leaving(state), UserZ), tells),
  })) {
    wire(`${name}: what fits is in the context`, withState(good), async ({ send }) =>
      expect(await (await post(send)).json()).toEqual(good),
    )
    wire(`${name}: what does not is 500 INVALID_STATE, with the path`, withState(bad), async ({ send }) => {
      const { status, code, details } = await failureOf(await post(send))
      expect([status, code]).toEqual([500, 'INVALID_STATE'])
      expect(details).toMatchObject([{ path: 'user.roles[1]' }])
    })
  }
})

describe('with and without a middleware the answer is one and the same', () => {
  const replies: Readonly<Record<string, unknown>> = {
    'an object': { a: 1 },
    'an array': [1],
    'a string': 'text',
    null: null,
    'a Map': new Map([['a', 1]]),
    bytes: new Uint8Array([1, 2, 3]),
    text: Reply.text('<p>not HTML</p>'),
    'empty text': Reply.text(''),
    nothing: Reply.empty,
    'nothing, with a failure status': Reply.withStatus(404)(Reply.empty),
    'JSON null with a status': Reply.withStatus(201)(Reply.json(null)),
    'a header': Reply.withHeader('x-a', 'b')(Reply.json({})),
    'a cookie': Reply.withHeader('set-cookie', 'a=b')(Reply.json({})),
    'no content': Reply.withStatus(204)(Reply.empty),
    'nothing, with 200': Reply.withStatus(200)(Reply.empty),
    'a content type of its own': Reply.withHeader('content-type', 'text/html')(Reply.json({ a: 1 })),
    'a stream': Reply.events([1, 2]),
  }
  for (const [name, reply] of Object.entries(replies)) {
    it(name, async () => {
      const plain = entrypoint(() => TE.right(reply))
      const answers = await Promise.all(
        [
          plain,
          pipe(
            use((_, next) => next()),
            plain,
          ),
        ].map((one) =>
          served(one, async ({ port }) => {
            const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 's' }
            const { status, text, headers: got } = await ask(port, { body: '{}', headers })
            return { status, text, headers: { ...got, date: '' } }
          }),
        ),
      )
      expect(answers[1]).toEqual(answers[0])
    })
  }

  it('ping', async () => {
    const plain = pipe(
      agent,
      ping(() => 'HealthyBusy'),
    )
    const [one, two] = await Promise.all(
      [
        plain,
        pipe(
          use((_, next) => next()),
          plain,
        ),
      ].map((each) => served(each, ({ port }) => ask(port, { path: '/ping', method: 'GET' }))),
    )
    expect(two).toMatchObject({ status: one?.status, text: one?.text })
  })
})
