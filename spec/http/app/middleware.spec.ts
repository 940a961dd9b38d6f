/** Koa middleware as it comes from npm, around the handlers, streams and refusals of an agent. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Router } from '@koa/router'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import etag from 'koa-etag'
import helmet from 'koa-helmet'
import { type Agent, type Context, createApp, entrypoint, use, websocket } from '../../../lib'
import {
  answerIn,
  ask,
  failureIn,
  failureOf,
  gate,
  rawTo,
  type Send,
  served,
  textsOf,
  valuesIn,
  wire,
} from '../support'
import { compress, post, second, agent, handshake } from './middlewares'

import cors = require('@koa/cors')
import bodyParser = require('koa-bodyparser')
import conditional = require('koa-conditional-get')
import ratelimit = require('koa-ratelimit')
import requestId = require('koa-requestid')
import supertest = require('supertest')

/** Reads the first event of a stream before the second is made: nobody may hold it back. */
const readsAsItComes = async (send: Send, headers: Readonly<Record<string, string>> = {}): Promise<Response> => {
  second.is = gate()
  const response = await post(send, '"stream"', headers)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  const texts = textsOf(response)
  expect(valuesIn(String((await texts.next()).value))).toEqual([{ first: 'x'.repeat(2000) }])
  second.is.open()
  const rest: Array<string> = []
  for await (const text of texts) rest.push(text)
  expect(valuesIn(rest.join(''))).toEqual([2])
  return response
}

describe('@koa/cors', () => {
  const origin = { origin: 'https://example.org' }
  wire(
    'its headers are on JSON, streams and failures, and it answers a preflight',
    pipe(use(cors()), agent),
    async ({ send }) => {
      const responses = [
        await post(send, {}, origin),
        await readsAsItComes(send, origin),
        await post(send, '"throw"', origin),
        await send('/nowhere', { headers: origin }),
        await send('/ping', { headers: origin }),
      ]
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 500, 404, 200])
      for (const { headers } of responses) expect(headers.get('access-control-allow-origin')).not.toBeNull()
      await Promise.all(responses.filter(({ bodyUsed }) => !bodyUsed).map((response) => response.text()))
      const preflight = await send('/invocations', {
        method: 'OPTIONS',
        headers: { ...origin, 'access-control-request-method': 'POST' },
      })
      expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
        204,
        expect.stringContaining('POST'),
      ])
    },
    { allowedOrigins: ['https://example.org'] },
  )
})

describe('koa-compress', () => {
  const compressing = pipe(use(compress({ threshold: 100 })), agent)
  const gzip = { 'accept-encoding': 'gzip' }

  it('JSON is compressed', () =>
    served(compressing, async ({ send }) => {
      const response = await post(send, { text: 'x'.repeat(5000) }, gzip)
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(await response.json()).toEqual({ text: 'x'.repeat(5000) })
    }))

  wire('a stream is neither compressed nor held back', compressing, async ({ send }) => {
    expect((await readsAsItComes(send, gzip)).headers.get('content-encoding')).toBeNull()
  })

  it('failures have their shape, compressed or not', () =>
    served(compressing, async ({ send }) =>
      expect(await failureOf(await post(send, '{', gzip))).toMatchObject({ status: 400 }),
    ))
})

describe('koa-helmet', () => {
  wire('its headers are on JSON, streams and failures', pipe(use(helmet()), agent), async ({ send }) => {
    const responses = [
      await post(send),
      await readsAsItComes(send),
      await post(send, '"throw"'),
      await post(send, '{'),
      await send('/nowhere'),
      await send('/ws'),
    ]
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 500, 400, 404, 426])
    for (const { headers } of responses) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    }
    await Promise.all(responses.filter(({ bodyUsed }) => !bodyUsed).map((response) => response.text()))
  })

  it('and on what a middleware throws, a refused and an accepted upgrade', () =>
    served(
      pipe(
        use(helmet()),
        use((ctx, next) => (ctx.query['refuse'] === undefined ? next() : ctx.throw(401, 'Who are you?'))),
        agent,
      ),
      async ({ port, send }) => {
        const response = await send('/ping?refuse=1')
        expect(response.headers.get('x-content-type-options')).toBe('nosniff')
        expect(await failureOf(response)).toMatchObject({ status: 401 })
        const refused = await rawTo(port)
        refused.say(handshake('/ws?refuse=1'))
        const { status, head, body } = answerIn(await refused.closed)
        expect([status, failureIn(body).error]).toEqual([401, 'Who are you?'])
        expect(head.toLowerCase()).toContain('x-content-type-options: nosniff')
        const accepted = await rawTo(port)
        accepted.say(handshake())
        expect((await accepted.hears('\r\n\r\n')).toLowerCase()).toMatch(
          /^http\/1.1 101 [\s\S]+x-content-type-options: nosniff/,
        )
        accepted.socket.destroy()
      },
    ))
})

describe('koa-requestid', () => {
  wire(
    'its id is in the header and in the state',
    pipe(
      use(requestId(), t.type({ id: t.string })),
      entrypoint((_, { state }: Context.Context<{ readonly id: string }>) => TE.right(state.id)),
    ),
    async ({ send }) => {
      const response = await post(send, {}, { 'request-id': 'abc' })
      expect([response.headers.get('request-id'), await response.json()]).toEqual(['abc', 'abc'])
    },
  )
})

describe('koa-ratelimit', () => {
  const limited = (options: Partial<ratelimit.MiddlewareOptions> = {}): Agent.Agent =>
    pipe(use(ratelimit({ driver: 'memory', db: new Map(), max: 2, duration: 60_000, ...options })), agent)

  it('the third request is refused, with the middleware’s own answer and headers', () =>
    served(limited(), async ({ send }) => {
      expect([(await send('/ping')).status, (await send('/ping')).status]).toEqual([200, 200])
      const response = await post(send)
      expect([response.status, response.headers.get('x-ratelimit-remaining')]).toEqual([429, '0'])
      expect(response.headers.get('retry-after')).not.toBeNull()
      expect(await response.text()).toContain('Rate limit exceeded')
    }))

  it('where it throws, in the one shape', () =>
    served(limited({ throw: true }), async ({ send }) => {
      await Promise.all([send('/ping'), send('/ping')].map(async (sent) => (await sent).text()))
      const response = await post(send, '"stream"', { accept: 'text/event-stream' })
      expect([response.headers.get('retry-after') !== null, await failureOf(response)]).toMatchObject([
        true,
        { status: 429, code: 'REJECTED' },
      ])
    }))

  for (const throws of [false, true]) {
    it(`an upgrade is refused with 429, and never becomes a socket${throws ? ', where it throws' : ''}`, async () => {
      const opened: Array<string> = []
      const limits = use(ratelimit({ driver: 'memory', db: new Map(), max: 1, duration: 60_000, throw: throws }))
      const sockets = websocket((_, { sessionId }) => TE.fromIO(() => void opened.push(sessionId)))
      await served(pipe(limits, sockets), async ({ port, send }) => {
        await (await send('/ping')).text()
        const raw = await rawTo(port)
        raw.say(handshake())
        const { status, head } = answerIn(await raw.closed)
        expect(status).toBe(429)
        expect(head.toLowerCase()).toContain('retry-after')
        expect(opened).toEqual([])
      })
    })
  }
})

describe('koa-conditional-get and koa-etag', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined) // koa-etag says that it has a new name
  const fresh = pipe(use(conditional()), use(etag()), agent)
  afterAll(() => warn.mockRestore())

  it('an unchanged answer is 304', () =>
    served(fresh, async ({ port }) => {
      const look = (headers: Readonly<Record<string, string>> = {}) =>
        ask(port, { path: '/ping', method: 'GET', headers })
      const tag = String((await look()).headers.etag)
      expect(tag).toMatch(/^(W\/)?".+"$/)
      expect(await look({ 'if-none-match': tag })).toMatchObject({ status: 304, text: '' })
    }))

  wire('a stream has no tag and comes as it is made', fresh, async ({ send }) => {
    expect((await readsAsItComes(send)).headers.get('etag')).toBeNull()
  })
})

describe('koa-session', () => {
  // It comes as an ES module with dependencies of its own, which jest does not load: so it is run by Node.
  it('a session of cookies lives on, on JSON and on streams', () => {
    const script = `
      const session = require('koa-session')
      const { createApp, entrypoint, Handler, use } = require(${JSON.stringify(join(__dirname, '../../../lib'))})
      const { pipe } = require('fp-ts/function')
      const app = createApp(pipe(use((ctx, next) => handler(ctx, next)), use((ctx, next) => { ctx.session.count = (ctx.session.count ?? 0) + 1; ctx.state.count = ctx.session.count; return next() }),
        entrypoint(Handler.fromSync((payload, { request }) => payload === 'stream' ? [request.ctx.state.count].values() : request.ctx.state.count))), { log: { level: 'silent' } })
      app.keys = ['key']
      const handler = (session.createSession ?? session.default ?? session)(app)
      const run = async () => {
        const first = await app.inject('/invocations', { body: {} })
        const cookie = first.headers.getSetCookie().map((text) => text.split(';')[0]).join('; ')
        const second = await app.inject('/invocations', { body: '"stream"', headers: { cookie } })
        console.log(JSON.stringify([await first.json(), await second.text(), second.headers.getSetCookie().length > 0]))
      }
      run()`
    const out = execFileSync(process.execPath, ['-e', script], {
      cwd: join(__dirname, '../../../..'),
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toEqual([1, 'data: 2\n\n', true])
  })
})

describe('koa-response-time', () => {
  it('the time is on JSON and on streams', async () => {
    const responseTime = jest.requireActual<() => Koa.Middleware>('koa-response-time')
    await served(pipe(use(responseTime()), agent), async ({ send }) => {
      for (const response of [await post(send), await readsAsItComes(send)]) {
        expect(response.headers.get('x-response-time')).toMatch(/^\d+ms$/)
        if (!response.bodyUsed) await response.text()
      }
    })
  })
})

describe('koa-bodyparser, and others that read the body', () => {
  const echo = entrypoint((payload) => TE.right(payload))
  const parsing = pipe(use(bodyParser({ enableTypes: ['json', 'text'], strict: false })), echo)

  wire('what it has read is the payload', parsing, async ({ send }) => {
    const response = await post(send, { a: [1] }, { 'content-type': 'application/json' })
    expect([response.status, await response.json()]).toEqual([200, { a: [1] }])
  })

  wire('what it does not read is read after it', parsing, async ({ send }) => {
    const response = await post(send, '{"a":1}', { 'content-type': 'application/octet-stream' })
    expect([response.status, await response.json()]).toEqual([200, { a: 1 }])
  })

  wire('text that it has read is JSON all the same', parsing, async ({ send }) => {
    const response = await post(send, '{"a":1}', { 'content-type': 'text/plain' })
    expect([response.status, await response.json()]).toEqual([200, { a: 1 }])
  })

  wire('what it refuses is refused with its status, in the one shape', parsing, async ({ send }) => {
    expect(await failureOf(await post(send, '{', { 'content-type': 'application/json' }))).toMatchObject({
      status: 400,
    })
  })

  it('a body that is too large for it is 413 in the one shape', () =>
    served(pipe(use(bodyParser({ jsonLimit: '10b' })), echo), async ({ send }) =>
      expect(await failureOf(await post(send, '"0123456789"', { 'content-type': 'application/json' }))).toMatchObject({
        status: 413,
      }),
    ))

  it('a middleware that reads the body and keeps it is a failure that is logged', () =>
    served(
      pipe(
        use(async (ctx, next) => {
          for await (const _ of ctx.req);
          await next()
        }),
        echo,
      ),
      async ({ send, lines }) => {
        expect(await failureOf(await post(send))).toMatchObject({ status: 500 })
        expect(lines.join('')).toContain('A middleware read the body')
      },
    ))

  describe('a middleware that leaves the bytes in ctx.request.rawBody', () => {
    const keeping = use(async (ctx, next) => {
      const parts: Array<Buffer> = []
      for await (const part of ctx.req) parts.push(part as Buffer)
      Object.assign(ctx.request, { rawBody: Buffer.concat(parts) })
      await next()
    })
    const kept = pipe(keeping, echo)
    const gzip = { 'content-encoding': 'gzip' }
    const cases: ReadonlyArray<readonly [string, Uint8Array, Readonly<Record<string, string>>, number, unknown]> = [
      ['is enough', Buffer.from('{"a":"é☃"}'), {}, 200, { a: 'é☃' }],
      ['may have a mark before it', Buffer.from('\ufeff[1]'), {}, 200, [1]],
      ['may be compressed', gzipSync('[1]'), gzip, 200, [1]],
      ['must be what it says', Buffer.from('[1]'), gzip, 400, { code: 'INVALID_ENCODING' }],
      ['must be of a known encoding', Buffer.from('[1]'), { 'content-encoding': 'zip' }, 415, {}],
      ['must be UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, { code: 'INVALID_ENCODING' }],
      ['must be JSON', Buffer.from('{'), {}, 400, { code: 'INVALID_JSON' }],
      ['must not be nested too deeply', Buffer.from('['.repeat(2000)), {}, 400, { code: 'INVALID_JSON' }],
      ['must not be too large', Buffer.from(JSON.stringify('x'.repeat(200))), {}, 413, {}],
      ['must not be too large in the end', gzipSync(JSON.stringify('x'.repeat(200))), gzip, 413, {}],
    ]
    it.each(cases)('%s', (_, body, headers, status, answer) =>
      served(
        kept,
        async ({ port }) => {
          const got = await ask(port, { body, headers })
          expect([got.status, JSON.parse(got.text)]).toMatchObject([status, answer as object])
        },
        { maxBody: body.length > 1000 ? 10_000 : 100 },
      ),
    )
  })

  it('a middleware that puts the value into ctx.request.body is enough', () =>
    served(
      pipe(
        use(async (ctx, next) => {
          const hash = createHash('sha256')
          for await (const part of ctx.req) hash.update(part as Buffer)
          Object.assign(ctx.request, { body: { hash: hash.digest('hex').length } })
          await next()
        }),
        echo,
      ),
      async ({ send }) => expect(await (await post(send)).json()).toEqual({ hash: 64 }),
    ))
})

describe('@koa/router', () => {
  it('routes of one’s own beside those of the agent, added after createApp', () => {
    const app = createApp(agent, { log: { level: 'silent' } })
    const router = new Router()
    router.get('/items/:id', (ctx) => {
      ctx.body = { id: String(ctx.params['id']) }
    })
    app.use(router.routes()).use(router.allowedMethods())
    return served(agent, async ({ app: other, send, url }) => {
      other.use(router.routes())
      other.use(router.allowedMethods())
      expect(await (await send('/items/7')).json()).toEqual({ id: '7' })
      expect(await (await post(send, [1])).json()).toEqual([1])
      expect(await (await fetch(`${url}/ping`)).json()).toMatchObject({ status: 'Healthy' })
      expect(await failureOf(await send('/items'))).toMatchObject({ status: 404 })
      expect(await failureOf(await send('/items/7', { method: 'DELETE' }))).toMatchObject({ status: 405 })
      expect(await (await app.inject('/items/8')).json()).toEqual({ id: '8' })
      await app.stop()
    })
  })
})

describe('supertest', () => {
  const app = createApp(pipe(use(cors()), agent), { log: { level: 'silent' } })
  afterAll(() => app.stop())

  it('JSON', () =>
    supertest(app.callback())
      .post('/invocations')
      .send({ a: 1 })
      .expect('content-type', 'application/json')
      .expect(200, { a: 1 }))

  it('a stream', async () => {
    second.is.open()
    const { text } = await supertest(app.callback())
      .post('/invocations')
      .set('content-type', 'text/plain')
      .send('"stream"')
      .expect(200)
    expect(valuesIn(text)).toHaveLength(2)
  })

  it('failures', async () => {
    const { text } = await supertest(app.callback()).get('/nowhere').expect(404)
    expect(failureIn(text).code).toBe('NOT_FOUND')
  })

  it('without any middleware too', () =>
    supertest(createApp(agent, { log: { level: 'silent' } }).callback())
      .post('/invocations')
      .send([1])
      .expect(200, [1]))
})
