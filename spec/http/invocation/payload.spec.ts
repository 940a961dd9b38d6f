/** What a client may send: any JSON, however it is labelled or packed, within limits that are told. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { type Agent, entrypoint, type Options } from '../../../lib'
import { answerIn, ask, failureIn, failureOf, rawTo, type Send, served, type Spoken, wire } from '../support'

const echo = entrypoint((payload) => TE.right(payload))
const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'

const post = (send: Send, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  send('/invocations', { method: 'POST', body, headers })

describe('the content type is of no account', () => {
  const types = [
    'application/json',
    'application/json; charset=utf-8',
    'application/octet-stream',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'no/such+type',
    'nonsense',
    '',
  ]
  for (const type of types) {
    wire(type === '' ? 'an empty one' : type, echo, async ({ send }) => {
      const response = await post(send, '{"a":[1]}', { 'content-type': type })
      expect([response.status, await response.json()]).toEqual([200, { a: [1] }])
    })
  }

  it('none at all, as the AWS SDKs send', () =>
    served(echo, async ({ port }) => {
      expect(await ask(port, { body: '{"a":[1]}' })).toMatchObject({ status: 200, text: '{"a":[1]}' })
    }))

  it('neither a type nor a length, in chunks', () =>
    served(echo, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say(
        'POST /invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      for (const part of ['{"a"', ':', '1}']) raw.say(`${part.length}\r\n${part}\r\n`)
      raw.say('0\r\n\r\n')
      expect(answerIn(await raw.closed)).toMatchObject({ status: 200, body: '{"a":1}' })
    }))
})

describe('how large a body may be', () => {
  it('2 MB, without being asked', () =>
    served(echo, async ({ send }) => {
      const text = JSON.stringify({ text: 'x'.repeat(2_000_000) })
      const response = await post(send, text)
      expect(response.status).toBe(200)
      expect((await response.text()).length).toBe(text.length)
    }))

  const length = entrypoint((payload) => TE.right(String(payload).length))

  it('100,000,000 bytes, and not one more', () =>
    served(length, async ({ port }) => {
      const body = Buffer.alloc(100_000_000, 'x')
      body[0] = body[body.length - 1] = 0x22
      expect(await ask(port, { body })).toMatchObject({ status: 200, text: '99999998' })
      const raw = await rawTo(port)
      raw.say('POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000001\r\n\r\n')
      expect(await raw.hears('PAYLOAD_TOO_LARGE')).toMatch(/^HTTP\/1.1 413 /)
      raw.socket.destroy()
    }))

  for (const [bytes, status] of [
    [1000, 200],
    [1001, 413],
  ] as const) {
    const body = Buffer.from(`"${'x'.repeat(bytes - 2)}"`)
    const packed = { gzip: gzipSync(body), deflate: deflateSync(body), br: brotliCompressSync(body) }
    const options: Options = { maxBody: 1000 }
    const has = (wanted: number) => async (got: Promise<{ readonly status: number }>) =>
      expect((await got).status).toBe(wanted)
    const check = has(status)

    wire(`${bytes} bytes of at most 1000 is ${status}`, echo, ({ send }) => check(post(send, body)), options)
    it(`${bytes} bytes of at most 1000 in chunks is ${status}`, () =>
      served(echo, ({ port }) => check(ask(port, { body, headers: { 'transfer-encoding': 'chunked' } })), options))
    for (const [encoding, small] of Object.entries(packed)) {
      wire(
        `${bytes} bytes of at most 1000 once unpacked from ${encoding} is ${status}`,
        echo,
        ({ send }) => check(post(send, small, { 'content-encoding': encoding })),
        options,
      )
    }
  }
})

describe('a body may be packed', () => {
  const value = { text: 'žluť '.repeat(1000) }
  const body = Buffer.from(JSON.stringify(value))
  for (const [encoding, packed] of [
    ['gzip', gzipSync(body)],
    ['x-gzip', gzipSync(body)],
    ['GZIP', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['br', brotliCompressSync(body)],
    ['identity', body],
  ] as const) {
    wire(encoding, echo, async ({ send }) => {
      const response = await post(send, packed, { 'content-encoding': encoding })
      expect([response.status, await response.json()]).toEqual([200, value])
    })
  }

  for (const [encoding, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync })) {
    const bomb = pack(Buffer.alloc(50_000_000, ' '))
    it(`a bomb of ${encoding} is refused before it has unfolded`, () =>
      served(
        echo,
        async ({ send }) => {
          expect(bomb.length).toBeLessThan(100_000)
          const before = process.memoryUsage().arrayBuffers
          expect(await failureOf(await post(send, bomb, { 'content-encoding': encoding }))).toMatchObject({
            status: 413,
            code: 'PAYLOAD_TOO_LARGE',
          })
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
        },
        { maxBody: 100_000 },
      ))
  }

  for (const encoding of ['zstd', 'compress', 'gzip, br', 'constructor', '__proto__']) {
    wire(`${encoding} is 415`, echo, async ({ send }) =>
      expect(await failureOf(await post(send, '{}', { 'content-encoding': encoding }))).toMatchObject({
        status: 415,
        code: 'UNSUPPORTED_MEDIA_TYPE',
      }),
    )
  }
})

describe('what JSON may hold', () => {
  const refused: Readonly<Record<string, string>> = {
    '100,000 levels': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    '100,000 levels of objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    '1001 levels': `${'['.repeat(1001)}${']'.repeat(1001)}`,
    '1e999': '1e999',
    '-1e999 deep inside': '{"a":[{"b":-1e999}]}',
    NaN: 'NaN',
    undefined: 'undefined',
    'single quotes': "{'a':1}",
    'a comma too many': '[1,]',
    'two byte order marks': '\ufeff\ufeff{}',
    'a bare control character': '"\u0001"',
    'Python’s None': '{"a":None}',
  }
  for (const [name, body] of Object.entries(refused)) {
    wire(`${name} is 400`, echo, async ({ send }) =>
      expect(await failureOf(await post(send, body))).toMatchObject({ status: 400, code: 'INVALID_JSON' }),
    )
  }

  wire('1000 levels are not too many', echo, async ({ send }) => {
    const body = `${'['.repeat(1000)}${']'.repeat(1000)}`
    expect(await (await post(send, body)).text()).toBe(body)
  })

  wire('one byte order mark is passed over', echo, async ({ send }) =>
    expect(await (await post(send, '\ufeff{"a":1}')).json()).toEqual({ a: 1 }),
  )

  wire('any value, not objects only', echo, async ({ send }) => {
    for (const body of ['null', 'true', '0', '"text"', '[]']) {
      expect(await (await post(send, body)).text()).toBe(body)
    }
  })

  wire('a key __proto__ is refused', echo, async ({ send }) => {
    const failure = await failureOf(await post(send, '{"a":[{"__proto__":{"polluted":true}}]}'))
    expect(failure).toMatchObject({ status: 400, code: 'INVALID_JSON', details: 'the key __proto__ is not allowed' })
    const constructor = '{"constructor":{"prototype":{"polluted":true}}}'
    expect(await (await post(send, constructor)).text()).toBe(constructor)
    expect({}).not.toHaveProperty('polluted')
  })
})

describe('the session id', () => {
  const told = entrypoint((_, { sessionId }) => TE.right(sessionId))

  for (const [name, id] of Object.entries({
    'of 300 characters': 'x'.repeat(300),
    'of 257 characters': 'x'.repeat(257),
    'with a space': 'a b',
    'with a tab': 'a\tb',
    'beyond ASCII': 'ž',
    'that is empty': '',
  })) {
    it(`one ${name} is 400 INVALID_SESSION_ID`, () =>
      served(told, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(
          Buffer.from(
            `POST /invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n${sessionHeader}: ${id}\r\n\r\n{}`,
          ),
        )
        const { status, body } = answerIn(await raw.closed)
        expect([status, failureIn(body).code]).toEqual([400, 'INVALID_SESSION_ID'])
      }))
  }

  it('one with a control character is 400', () =>
    served(told, async ({ port }) => {
      const raw = await rawTo(port)
      raw.say(
        `POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n${sessionHeader}: a\u0001b\r\n\r\n{}`,
      )
      const { status, body } = answerIn(await raw.closed)
      expect([status, failureIn(body).code]).toEqual([400, 'BAD_REQUEST'])
    }))

  it('one that is sent twice is 400 INVALID_SESSION_ID', () =>
    served(told, async ({ port }) => {
      const { status, text } = await ask(port, {
        body: '{}',
        headers: { [sessionHeader]: ['a'.repeat(40), 'b'.repeat(40)] },
      })
      expect([status, failureIn(text).code]).toEqual([400, 'INVALID_SESSION_ID'])
    }))

  for (const id of ['x', 'x'.repeat(256), '!#$%&~', '9f4a1c6e-0000-4000-8000-000000000000']) {
    wire(`${id.slice(0, 40)} is told back`, told, async ({ send }) => {
      const response = await post(send, {}, { [sessionHeader.toUpperCase()]: id })
      expect([response.headers.get(sessionHeader), await response.json()]).toEqual([id, id])
    })
  }

  wire('one is made where none is sent, another for each request, and told', told, async ({ send }) => {
    const ids: Array<string> = []
    for (const _ of Array(2)) {
      const response = await post(send, {})
      const id = (await response.json()) as string
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect(response.headers.get(sessionHeader)).toBe(id)
      ids.push(id)
    }
    expect(ids[0]).not.toBe(ids[1])
  })

  wire(
    'where it is required, a request without is 400 MISSING_SESSION_ID, and one with is served',
    told,
    async ({ send }) => {
      expect(await failureOf(await post(send, {}))).toMatchObject({ status: 400, code: 'MISSING_SESSION_ID' })
      expect(await (await post(send, {}, { [sessionHeader]: 'here' })).json()).toBe('here')
      expect((await send('/ping')).status).toBe(200)
    },
    { session: { policy: 'require' } },
  )

  wire('an id in the body or the query is none', told, async ({ send }) => {
    const response = await send(`/invocations?${sessionHeader}=here&sessionId=here`, { body: { sessionId: 'here' } })
    expect(await response.json()).not.toBe('here')
  })
})

describe('headers that repeat or swell', () => {
  it('a repeated header is joined', () =>
    served(
      entrypoint((_, { headers }) => TE.right(O.toNullable(headers.get('x-twice')))),
      async ({ port }) =>
        expect((await ask(port, { body: '{}', headers: { 'x-twice': ['a', 'b'] } })).text).toBe('"a, b"'),
    ))

  it('a header of 8 KB, such as baggage, is served', () =>
    served(
      entrypoint((_, { trace }) => TE.right(O.isSome(trace.baggage) ? trace.baggage.value.length : 0)),
      async ({ port }) =>
        expect((await ask(port, { body: '{}', headers: { baggage: 'b'.repeat(8192) } })).text).toBe('8192'),
    ))

  it('a hundred headers are served', () =>
    served(echo, async ({ port }) => {
      const headers = Object.fromEntries([...Array(100).keys()].map((index) => [`x-h${index}`, 'v']))
      expect((await ask(port, { body: '{}', headers })).status).toBe(200)
    }))
})

describe('what a codec refuses is told path by path', () => {
  const ioTs = entrypoint(
    t.type({ user: t.type({ name: t.string }), items: t.array(t.type({ n: t.number })) }),
    (payload) => TE.right(payload),
  )
  const withZod = entrypoint(
    z.object({ user: z.object({ name: z.string() }), items: z.array(z.object({ n: z.number() })) }),
    (payload) => TE.right(payload),
  )
  const asyncZod = entrypoint(
    z.object({ name: z.string().refine(async (name) => Promise.resolve(name === 'known'), 'is not known') }),
    (payload) => TE.right(payload),
  )
  const agents: Readonly<Record<string, Agent.Agent>> = { 'io-ts': ioTs, zod: withZod }
  for (const [name, agent] of Object.entries(agents)) {
    const check = async ({ send }: Spoken): Promise<void> => {
      const good = { user: { name: 'n' }, items: [{ n: 1 }] }
      expect(await (await post(send, good)).json()).toEqual(good)
      const bad = { user: { name: 1 }, items: [{ n: 1 }, { n: 'x' }] }
      const { status, code, details } = await failureOf(await post(send, bad))
      expect([status, code]).toEqual([400, 'INVALID_PAYLOAD'])
      expect((details as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)).toEqual([
        'user.name',
        'items[1].n',
      ])
      const { details: whole } = await failureOf(await post(send, 'null'))
      expect((whole as ReadonlyArray<{ readonly path: string }>).map(({ path }) => path)).toContain('')
    }
    wire(name, agent, check)
  }

  wire('a schema that takes its time', asyncZod, async ({ send }) => {
    expect((await post(send, { name: 'known' })).status).toBe(200)
    expect(await failureOf(await post(send, { name: 'x' }))).toMatchObject({
      status: 400,
      details: [{ path: 'name', message: 'is not known' }],
    })
  })

  const throwing = new t.Type<string>(
    'Throwing',
    t.string.is,
    () => {
      throw new Error('codec')
    },
    String,
  )
  wire('a codec that throws is a failure like any other', entrypoint(throwing, TE.right), async ({ send }) =>
    expect(await failureOf(await post(send, {}))).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' }),
  )

  const upper = new t.Type<string, string>(
    'Upper',
    t.string.is,
    (u) => (E.isRight(t.string.decode(u)) ? t.success(String(u).toUpperCase()) : t.failure(u, [])),
    (s) => s.toLowerCase(),
  )
  wire(
    'an answer is encoded',
    entrypoint({ inbound: upper, outbound: upper }, (text) => TE.right(`${text}!`)),
    async ({ send }) => expect(await (await post(send, '"a"')).json()).toBe('a!'),
  )
})
