/** What a middleware finds on `ctx` after the handler, whose response stays encoded until somebody reads it. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import { type Agent, entrypoint, Reply, use } from '../../../lib'
import { after, ask, eventually, failureOf, gate, invocation, rawTo, served } from '../support'
import { post } from './middlewares'

const echo = entrypoint((payload) => TE.right(payload))

/** An agent whose middleware does something to the response of the handler. */
const changing = (change: (ctx: Koa.Context) => unknown, inner: Agent.Agent = echo): Agent.Agent =>
  pipe(
    use(async (ctx, next) => {
      await next()
      await change(ctx)
    }),
    inner,
  )

describe('the response of a handler, after next()', () => {
  const cases: ReadonlyArray<readonly [string, (ctx: Koa.Context) => unknown, unknown, Readonly<object>]> = [
    ['is as it was, unread', () => undefined, { a: 1 }, { 'content-length': '7' }],
    ['may be read', (ctx) => expect(ctx.body).toEqual({ a: 1 }), { a: 1 }, { 'content-length': '7' }],
    ['may be changed in place', (ctx) => Object.assign(ctx.body as object, { b: 2 }), { a: 1, b: 2 }, {}],
    ['may be replaced unread', (ctx) => void (ctx.body = [1]), [1], { 'content-length': '3' }],
    ['may be replaced by a stream', (ctx) => void (ctx.body = Readable.from(['[2]'])), [2], {}],
    ['has a length', (ctx) => ctx.set('x-length', String(ctx.length)), { a: 1 }, { 'x-length': '7' }],
    ['may have another type', (ctx) => void (ctx.type = 'text/html'), { a: 1 }, { 'content-type': /^text\/html/ }],
    [
      'keeps another type when it is read',
      (ctx) => {
        ctx.type = 'text/html'
        return ctx.body
      },
      { a: 1 },
      { 'content-type': /^text\/html/ },
    ],
    ['may have another status', (ctx) => void (ctx.res.statusCode = 202), { a: 1 }, {}],
    ['may have a wrong length', (ctx) => ctx.set('content-length', '99'), { a: 1 }, { 'content-length': '7' }],
  ]
  it.each(cases)('%s', (_, change, body, headers) =>
    served(changing(change), async ({ port }) => {
      const response = await ask(port, { body: '{"a":1}' })
      expect(JSON.parse(response.text)).toEqual(body)
      for (const [name, value] of Object.entries(headers)) {
        expect([name, response.headers[name]]).toEqual([name, expect.stringMatching(value as string | RegExp)])
      }
    }),
  )

  it.each([
    ['a string', 'text', '"text"'],
    ['null', null, 'null'],
    ['a Map', new Map([['a', 1]]), '{"a":1}'],
    ['text', Reply.text('<p>'), '<p>'],
    ['bytes', new Uint8Array([104, 105]), 'hi'],
  ])('is the same whether it is read or not: %s', async (_, reply, text) => {
    const answers = await Promise.all(
      [() => undefined, (ctx: Koa.Context) => ctx.body].map((change) =>
        served(
          changing(
            change,
            entrypoint(() => TE.right(reply)),
          ),
          async ({ port }) => {
            const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 's' }
            const { status, text: body, headers: got } = await ask(port, { body: '{}', headers })
            return { status, body, headers: { ...got, date: '' } }
          },
        ),
      ),
    )
    expect(answers[0]?.body).toBe(text)
    expect(answers[1]).toEqual(answers[0])
  })

  it.each([204, 304])('has no body when a middleware makes it %i', (status) =>
    served(
      changing((ctx) => void (ctx.status = status)),
      async ({ port }) => {
        const response = await ask(port, { body: '{"a":1}' })
        expect([response.status, response.text, response.headers['content-length']]).toEqual([status, '', undefined])
      },
    ),
  )

  it('gives way to what is thrown', () =>
    served(
      changing((ctx) => ctx.throw(409, 'Too late')),
      async ({ send }) => {
        for (const body of [{ a: 1 }, '"a text that is longer than the error that takes its place"'.repeat(3), '{']) {
          expect(await failureOf(await post(send, body))).toMatchObject({ status: 409, error: 'Too late' })
        }
      },
    ))

  it('is sent by the middleware itself with ctx.respond = false', () =>
    served(
      changing((ctx) => {
        ctx.respond = false
        ctx.res.end(JSON.stringify({ mine: ctx.body }))
      }),
      async ({ send }) => expect(await (await post(send, { a: 1 })).json()).toEqual({ mine: { a: 1 } }),
    ))
})

describe('a stream, after next()', () => {
  const endless = (closed: () => void): Agent.Agent =>
    entrypoint(() => {
      const source = {
        next: () => ({ done: false, value: 1 }),
        return: () => after(closed(), { done: true, value: 1 }),
      }
      return TE.right(source)
    })

  it.each<readonly [string, (ctx: Koa.Context) => unknown, number]>([
    ['a value', (ctx) => void (ctx.body = { instead: true }), 200],
    ['another stream', (ctx) => void (ctx.body = Readable.from(['{}'])), 200],
    ['an error', (ctx) => ctx.throw(409, 'No'), 409],
    ['nothing', (ctx) => void (ctx.body = null), 204],
  ])('is closed when %s takes its place', async (_, change, status) => {
    const closed = gate()
    await served(changing(change, endless(closed.open)), async ({ send }) => {
      const response = await post(send)
      await response.text()
      expect(response.status).toBe(status)
      await closed.opened
    })
  })

  it('is a Readable for a middleware that reads it', () =>
    served(
      changing(
        (ctx) => {
          const body: unknown = ctx.body
          expect(body).toBeInstanceOf(Readable)
          ctx.body = (body as Readable).map((text: string) => text.toUpperCase())
        },
        entrypoint(() => TE.right(['a', 'b'].values())),
      ),
      async ({ send }) => expect(await (await post(send)).text()).toBe('DATA: "A"\n\nDATA: "B"\n\n'),
    ))

  for (const [way, change] of [
    ['unread', () => undefined],
    ['read', (ctx: Koa.Context) => ctx.body],
  ] as const) {
    it(`holds its source back while the client does not read, ${way}`, async () => {
      let pulled = 0
      const source = (): IterableIterator<string> =>
        (function* () {
          for (; pulled < 100_000; pulled += 1) yield 'x'.repeat(1000)
        })()
      await served(
        changing(
          change,
          entrypoint(() => TE.right(source())),
        ),
        async ({ port }) => {
          const raw = await rawTo(port)
          raw.say(invocation({}))
          await raw.hears('data: ')
          raw.socket.pause()
          let [last, since] = [-1, 0]
          const isAtRest = (): boolean => {
            if (pulled !== last) [last, since] = [pulled, performance.now()]
            return performance.now() - since > 100
          }
          await eventually(isAtRest, 'the source rests', 5000)
          expect(pulled).toBeLessThan(50_000)
          raw.socket.destroy()
        },
      )
    })
  }
})

describe('a lost connection', () => {
  it('is told to the listeners of app.on("error") once, with its context', async () => {
    const [entered, left] = [gate(), gate()]
    const told: Array<string> = []
    const waiting = pipe(
      use(async (_, next) => {
        entered.open()
        await left.opened
        await next()
      }),
      echo,
    )
    await served(waiting, async ({ app, port }) => {
      app.on('error', (error: Error & { readonly code?: string }, ctx?: Koa.Context) =>
        told.push(`${error.code} ${ctx?.path}`),
      )
      const raw = await rawTo(port)
      raw.say(invocation({}))
      await entered.opened
      raw.socket.resetAndDestroy()
      await eventually(() => told.length > 0, 'the loss is told')
      left.open()
      await raw.closed
      expect(told).toEqual(['ECONNRESET /invocations'])
    })
  })
})

it('the memory of a request behind a middleware is free after a collection of young objects', () => {
  const script = `
    const { getHeapSpaceStatistics } = require('node:v8')
    const { connect } = require('node:net')
    const { createApp, entrypoint, use } = require(${JSON.stringify(join(__dirname, '../../../lib'))})
    const { pipe } = require('fp-ts/function')
    const TE = require('fp-ts/TaskEither')
    const agent = pipe(use((_, next) => next()), entrypoint((payload) => TE.right(payload)))
    const old = () => getHeapSpaceStatistics().find((space) => space.space_name === 'old_space').space_used_size
    const request = 'POST /invocations HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 2\\r\\n\\r\\n{}'
    const server = createApp(agent, { log: { level: 'silent' } }).listen(0, '127.0.0.1', () => {
      const socket = connect(server.address().port, '127.0.0.1')
      let [count, before] = [0, 0]
      socket.on('data', () => {
        count += 1
        if (count % 10 === 0) gc({ type: 'minor' })
        if (count === 500) { gc(); before = old() }
        if (count === 1500) { console.log(Math.round((old() - before) / 1000)); process.exit() }
        socket.write(request)
      })
      socket.write(request)
    })`
  const bytes = execFileSync(process.execPath, ['--expose-gc', '-e', script], {
    cwd: join(__dirname, '../../../..'),
    encoding: 'utf8',
  })
  expect(Number(bytes)).toBeLessThan(2000) // 7,000 where something of the app keeps each request until a full collection
})
