/** Packages of the Koa ecosystem that need a parsed body, a matched route or a router beside the agent, unchanged. */
import { Writable } from 'node:stream'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type * as Koa from 'koa'
import { koaSwagger } from 'koa2-swagger-ui'
import { MetricsMiddleware, RequestLogging } from 'seek-koala'
import winston from 'winston'
import { bodyParser, entrypoint, routes, use } from '../../../lib'
import { withChild } from '../socketSupport'
import { eventually, failureOf, injected } from '../support'

const echo = entrypoint((payload) => TE.right(payload))

const items = routes((router) =>
  router.get('item', '/items/:id', (ctx) => {
    ctx.body = ctx.params['id']
  }),
)

describe('OpenTelemetry', () => {
  it('names the span of a request by its route, and has spans for middleware and routes', async () => {
    await withChild('koa/openTelemetryChild', {}, async ({ line }) => {
      const spans = JSON.parse(await line('[')) as ReadonlyArray<{ readonly name: string; readonly route?: string }>
      expect(spans).toEqual(
        expect.arrayContaining([
          { name: 'GET /items/:id', route: '/items/:id' },
          { name: 'POST /invocations', route: '/invocations' },
          { name: 'GET /ping', route: '/ping' },
          { name: 'item', route: '/items/:id' },
          { name: 'invocations', route: '/invocations' },
          { name: 'middleware - timing' },
        ]),
      )
    })
  })
})

describe('seek-koala', () => {
  it('tags its metrics by the matched route', async () => {
    const tags: Array<unknown> = []
    const client = {
      distribution: (_name: string, _value: number, _rate: number | undefined, tagged: unknown) =>
        void tags.push(tagged),
    }
    const metrics = MetricsMiddleware.create(client, (ctx) => ({ route: String(ctx['_matchedRoute'] ?? 'none') }))
    await injected(pipe(use(metrics), items, echo), async ({ send }) => {
      for (const path of ['/items/7', '/ping', '/nowhere']) await (await send(path)).text()
      await (await send('/invocations', { body: 1 })).text()
    })
    expect(tags).toMatchObject([
      { route: '/items/:id', http_status: '200', http_method: 'get' },
      { route: '/ping', http_status: '200' },
      { route: 'none', http_status: '404' },
      { route: '/invocations', http_status: '200', http_method: 'post' },
    ])
  })

  it('logs requests with the name of their route', async () => {
    const logged: Array<unknown> = []
    const logging = RequestLogging.createMiddleware((_, fields) => void logged.push(fields))
    await injected(pipe(use(logging), items, echo), async ({ send }) => {
      await (await send('/items/7')).text()
      await (await send('/invocations', { body: '{' })).text()
    })
    expect(logged).toMatchObject([
      { method: 'GET', route: '/items/:id', routeName: 'item', status: 200 },
      { method: 'POST', route: '/invocations', routeName: 'invocations', status: 400 },
    ])
  })
})

describe('koa2-winston', () => {
  /** Its options, as far as they are used here; it has no types. */
  type AuditLog = (options: Readonly<Record<string, unknown>>) => Koa.Middleware

  it('audits what bodyParser has parsed, on the agent’s path and on a route', async () => {
    const { logger } = jest.requireActual<{ readonly logger: AuditLog }>('koa2-winston')
    const lines: Array<string> = []
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        lines.push(chunk.toString())
        done()
      },
    })
    const audit = logger({ transports: [new winston.transports.Stream({ stream })], reqSelect: ['body.prompt'] })
    const orders = routes((router) =>
      router.post('/orders', (ctx) => {
        ctx.body = ctx.request.body
      }),
    )
    await injected(pipe(bodyParser(), use(audit), orders, echo), async ({ send }) => {
      const headers = { 'content-type': 'application/json' }
      expect(await (await send('/invocations', { body: { prompt: 'hi' } })).json()).toEqual({ prompt: 'hi' })
      expect(await (await send('/orders', { body: { prompt: 'two' }, headers })).json()).toEqual({ prompt: 'two' })
    })
    await eventually(() => lines.length === 2, 'both lines are written')
    expect(lines.join('')).toMatch(/"body":\{"prompt":"hi"\}[\s\S]*"body":\{"prompt":"two"\}/)
  })
})

describe('koa2-swagger-ui', () => {
  it('serves the page of an OpenAPI document as a route', async () => {
    const spec = { openapi: '3.1.0', info: { title: 'My agent', version: '1' }, paths: {} }
    const docs = routes((router) => router.get('/docs', koaSwagger({ routePrefix: false, swaggerOptions: { spec } })))
    await injected(pipe(docs, echo), async ({ send }) => {
      const response = await send('/docs')
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(await response.text()).toContain('My agent')
      expect(await failureOf(await send('/docs', { method: 'POST' }))).toMatchObject({ status: 405 })
    })
  })
})
