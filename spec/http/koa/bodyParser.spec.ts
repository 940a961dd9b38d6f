/** `bodyParser`: what middleware reads of a body is what the handler gets, by the rules of the contract. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import {
  type Agent,
  bodyParser,
  type BodyParserOptions,
  createApp,
  entrypoint,
  routes,
  use,
  websocket,
} from '../../../lib'
import { sigv4Authorizer } from '../../../lib/auth'
import { answerIn, ask, failureIn, failureOf, injected, rawTo, served, wire } from '../support'
import { credentials, signed } from '../../auth/signing'
import { handshake } from '../app/middlewares'

/** A request as a body parser leaves it. */
interface Parsed {
  body?: unknown
  rawBody?: unknown
}

const echo = entrypoint((payload) => TE.right(payload))

/** Keeps what a middleware at this place finds. */
const looking = (): readonly [Agent.Agent, Array<readonly [unknown, unknown]>] => {
  const seen: Array<readonly [unknown, unknown]> = []
  const look = use((ctx, next) => {
    const { body, rawBody }: Parsed = ctx.request
    seen.push([body, rawBody])
    return next()
  })
  return [look, seen]
}

describe('on /invocations', () => {
  const [look, seen] = looking()

  wire(
    'any JSON value is found by middleware and by the handler, with any content type or none',
    pipe(bodyParser(), look, echo),
    async ({ send }) => {
      const cases: ReadonlyArray<readonly [string, string | undefined]> = [
        ['{"a":[1]}', 'application/json'],
        ['"text"', 'text/plain'],
        ['7', 'application/octet-stream'],
        ['null', undefined],
        ['false', 'application/x-www-form-urlencoded'],
        [' [ ] ', 'application/xml'],
      ]
      for (const [body, type] of cases) {
        seen.length = 0
        const headers = type === undefined ? {} : { 'content-type': type }
        const response = await send('/invocations', { method: 'POST', body: Buffer.from(body), headers })
        expect([response.status, await response.text()]).toEqual([200, JSON.stringify(JSON.parse(body))])
        expect(seen).toEqual([[JSON.parse(body), body]])
      }
    },
  )

  it('the handler gets the very value that middleware has found, parsed once', async () => {
    let found: unknown
    const parse = jest.spyOn(JSON, 'parse')
    const agent = pipe(
      bodyParser(),
      use((ctx, next) => {
        found = (ctx.request as Parsed).body
        return next()
      }),
      entrypoint((payload) => TE.right({ isSame: payload === found })),
    )
    const app = createApp(agent, { log: { level: 'silent' } })
    const response = await app.inject('/invocations', { body: '{"once":1}' })
    expect(parse.mock.calls.filter(([text]) => text === '{"once":1}')).toHaveLength(1)
    parse.mockRestore()
    expect(await response.json()).toEqual({ isSame: true })
    await app.stop()
  })

  it('what a middleware puts in its place is the payload', () =>
    injected(
      pipe(
        bodyParser(),
        use((ctx, next) => {
          Object.assign(ctx.request, { body: { changed: (ctx.request as Parsed).body } })
          return next()
        }),
        echo,
      ),
      async ({ send }) => expect(await (await send('/invocations', { body: 1 })).json()).toEqual({ changed: 1 }),
    ))

  it('a middleware before it finds nothing yet', () => {
    const [before, found] = looking()
    return injected(pipe(before, bodyParser(), echo), async ({ send }) => {
      expect(await (await send('/invocations', { body: 1 })).json()).toBe(1)
      expect(found).toEqual([[undefined, undefined]])
    })
  })

  const gzip = { 'content-encoding': 'gzip' }
  const json = { 'content-type': 'application/json' }
  const refused: ReadonlyArray<readonly [string, Uint8Array, Readonly<Record<string, string>>, number, string]> = [
    ['no JSON', Buffer.from('{'), json, 400, 'INVALID_JSON'],
    ['nothing', Buffer.from(''), json, 400, 'INVALID_JSON'],
    ['a key __proto__', Buffer.from('{"__proto__":{"a":1}}'), json, 400, 'INVALID_JSON'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), json, 400, 'INVALID_ENCODING'],
    ['what nests too deeply', Buffer.from('['.repeat(20) + ']'.repeat(20)), json, 400, 'INVALID_JSON'],
    ['too many values', Buffer.from(`[${'1,'.repeat(200)}1]`), json, 400, 'INVALID_JSON'],
    ['too many bytes', Buffer.from(JSON.stringify('x'.repeat(2000))), json, 413, 'PAYLOAD_TOO_LARGE'],
    ['what is not the gzip it says', Buffer.from('[1]'), gzip, 400, 'INVALID_ENCODING'],
    ['an unknown encoding', Buffer.from('[1]'), { 'content-encoding': 'zip' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a bomb', gzipSync(JSON.stringify('x'.repeat(3000))), gzip, 413, 'PAYLOAD_TOO_LARGE'],
  ]
  const limits = { maxBody: 1000, maxDepth: 10, maxNodes: 100 }

  it.each(refused)(
    '%s is refused in the same words as without a body parser',
    async (_, body, headers, status, code) => {
      const answers = await Promise.all(
        [
          echo,
          pipe(
            bodyParser(),
            use((_ctx, next) => next()),
            echo,
          ),
        ].map((agent) => served(agent, ({ port }) => ask(port, { body, headers }), limits)),
      )
      const [plain, parsing] = answers.map(({ status: got, text }) => ({
        status: got,
        ...failureIn(text),
        requestId: '',
      }))
      expect(parsing).toMatchObject({ status, code })
      expect(parsing).toEqual(plain)
    },
  )

  it('a middleware around it catches what it refuses as Koa has it: an error with a status', () => {
    const caught: Array<unknown> = []
    return injected(
      pipe(
        use(async (_, next) => {
          try {
            await next()
          } catch (error) {
            caught.push(error)
            throw error
          }
        }),
        bodyParser(),
        echo,
      ),
      async ({ send }) => {
        expect((await send('/invocations', { body: '{' })).status).toBe(400)
        expect(caught).toEqual([expect.any(Error)])
        expect(caught[0]).toMatchObject({ status: 400, expose: true })
      },
    )
  })

  it('onerror may answer in its place, or let the agent answer', () => {
    const answers: BodyParserOptions = { onerror: (_, ctx) => ctx.throw(422, 'Unreadable') }
    const ignores: BodyParserOptions = { onerror: () => undefined }
    return Promise.all(
      [answers, ignores].map((options) =>
        injected(pipe(bodyParser(options), echo), async ({ send }) =>
          failureOf(await send('/invocations', { body: '{' })),
        ),
      ),
    ).then((failures) =>
      expect(failures).toMatchObject([
        { status: 422, error: 'Unreadable' },
        { status: 400, code: 'INVALID_JSON' },
      ]),
    )
  })

  it('is left alone where ctx.disableBodyParser says so', () => {
    const [look, seen] = looking()
    const disabling = use((ctx, next) => {
      ctx['disableBodyParser'] = true
      return next()
    })
    return injected(pipe(disabling, bodyParser(), look, echo), async ({ send }) => {
      expect(await (await send('/invocations', { body: [1] })).json()).toEqual([1])
      expect(seen).toEqual([[undefined, undefined]])
    })
  })

  it('gives any payload as it was sent', () =>
    injected(pipe(bodyParser(), echo), ({ send }) =>
      fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (value) => {
          const body = JSON.stringify(value)
          expect(await (await send('/invocations', { body })).text()).toBe(body)
        }),
        { numRuns: 50 },
      ),
    ))

  it('a typed handler decodes what it has parsed', () =>
    injected(
      pipe(
        bodyParser(),
        entrypoint(t.type({ n: t.number }), ({ n }) => TE.right(n + 1)),
      ),
      async ({ send }) => {
        expect(await (await send('/invocations', { body: { n: 1 } })).json()).toBe(2)
        expect(await failureOf(await send('/invocations', { body: { n: '1' } }))).toMatchObject({
          code: 'INVALID_PAYLOAD',
        })
      },
    ))
})

describe('on other paths', () => {
  const posting = (options?: BodyParserOptions): Agent.Agent =>
    pipe(
      bodyParser(options),
      routes((router) =>
        router.post('/forms', (ctx) => {
          ctx.body = { body: ctx.request.body, rawBody: ctx.request.rawBody ?? null }
        }),
      ),
      echo,
    )
  const post = (
    options: BodyParserOptions | undefined,
    body: string,
    type: string,
  ): Promise<readonly [number, unknown]> =>
    injected(posting(options), async ({ send }) => {
      const response = await send('/forms', { body, headers: { 'content-type': type } })
      return [response.status, await response.json()] as const
    })

  it('it is koa-bodyparser: JSON and forms, by their content type', async () => {
    expect(await post({}, '{"a":1}', 'application/json')).toEqual([200, { body: { a: 1 }, rawBody: '{"a":1}' }])
    expect(await post(undefined, 'a=1&b[]=2', 'application/x-www-form-urlencoded')).toEqual([
      200,
      { body: { a: '1', b: ['2'] }, rawBody: 'a=1&b[]=2' },
    ])
    expect(await post({}, 'hello', 'text/plain')).toEqual([200, { body: {}, rawBody: null }])
  })

  it('with its options', async () => {
    const options: BodyParserOptions = {
      enableTypes: ['json', 'text'],
      strict: false,
      extendTypes: { json: ['x/json'] },
    }
    expect(await post(options, 'hello', 'text/plain')).toMatchObject([200, { body: 'hello' }])
    expect(await post(options, '7', 'x/json')).toMatchObject([200, { body: 7 }])
    expect(await post({ jsonLimit: '5b' }, '{"a":1}', 'application/json')).toMatchObject([413, { code: 'REJECTED' }])
    expect(await post({ ...options, detectJSON: () => true }, '8', 'any/thing')).toMatchObject([200, { body: 8 }])
  })

  it('what it refuses is refused in the one shape', async () => {
    expect(await post({}, '7', 'application/json')).toMatchObject([400, { code: expect.any(String) }])
    expect(await post({}, '{', 'application/json')).toMatchObject([400, { code: expect.any(String) }])
  })
})

it('after sigv4Authorizer, which reads a body to hash it, a body is parsed from the bytes that it leaves', () => {
  const [look, seen] = looking()
  const agent = pipe(
    sigv4Authorizer({ credentials, region: 'us-west-2' }),
    bodyParser(),
    look,
    routes((router) =>
      router.post('/forms', (ctx) => {
        ctx.body = { body: ctx.request.body }
      }),
    ),
    echo,
  )
  return served(agent, async ({ port }) => {
    const post = async (path: string, body: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' }
      const request = await signed({ path, body, headers }, { date: new Date(), host: `127.0.0.1:${port}` })
      const { status, text } = await ask(port, { path, body, headers: request.headers })
      return [status, JSON.parse(text)]
    }
    expect(await post('/invocations', '{"a":1}')).toEqual([200, { a: 1 }])
    expect(await post('/forms', '{"b":2}')).toEqual([200, { body: { b: 2 } }])
    expect(seen).toEqual([
      [{ a: 1 }, Buffer.from('{"a":1}')],
      [{ b: 2 }, Buffer.from('{"b":2}')],
    ])
  })
})

describe('before an upgrade', () => {
  it('the body is that of a request without one, and nothing waits for it', () => {
    const [look, seen] = looking()
    return served(
      pipe(
        bodyParser(),
        look,
        websocket((socket) => socket.send('hello')),
      ),
      async ({ port }) => {
        const accepted = await rawTo(port)
        accepted.say(handshake('/ws', ['content-type: application/json', 'content-length: 5']))
        expect(await accepted.hears('hello')).toMatch(/^HTTP\/1.1 101 /)
        accepted.socket.destroy()
        expect(seen).toEqual([[{}, undefined]])
      },
    )
  })

  it('what comes after it may refuse', () =>
    served(
      pipe(
        bodyParser(),
        use((ctx) => ctx.throw(403, 'No')),
        websocket((socket) => socket.send('hello')),
      ),
      async ({ port }) => {
        const refused = await rawTo(port)
        refused.say(handshake())
        expect(answerIn(await refused.closed).status).toBe(403)
      },
    ))
})
