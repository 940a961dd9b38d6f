/** Every failure on the wire has one shape: `{"error","code","requestId","details"?}`. */
import { gzipSync } from 'node:zlib'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type * as Koa from 'koa'
import {
  Agent,
  AgentError,
  entrypoint,
  Handler,
  type Options,
  ping,
  provide,
  Reply,
  type Session,
  use,
  websocket,
  wrap,
} from '../../lib'
import {
  aborted,
  after,
  answerIn,
  ask,
  eventsIn,
  failureIn,
  failureOf,
  gate,
  invocation,
  rawTo,
  rejecting,
  type Send,
  served,
  type Spoken,
  wire,
} from './support'

const echo = entrypoint((payload) => TE.right(payload))
const sseOnly = { accept: 'text/event-stream' }
const requestId = 'x-amzn-bedrock-agentcore-runtime-request-id'
const sessionId = 'x-amzn-bedrock-agentcore-runtime-session-id'

const post = (send: Send, body: unknown = {}, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  send('/invocations', { method: 'POST', body, headers })

interface Case {
  readonly status: number
  readonly code: string
  readonly agent: Agent.Agent
  readonly options?: Options
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly answer?: Readonly<Record<string, string>>
}

const brokenStore: Session.Store = {
  load: () => TE.left(AgentError.storeFailed(new Error('disk of secrets'))),
  save: () => TE.right(undefined),
  remove: () => TE.right(undefined),
}

const withSocket = pipe(
  echo,
  websocket(() => TE.right(undefined)),
)

const table: Readonly<Record<string, Case>> = {
  'bad JSON': { status: 400, code: 'INVALID_JSON', agent: echo, body: '{"a":' },
  'an empty body': { status: 400, code: 'INVALID_JSON', agent: echo, body: '' },
  'a body of blanks': { status: 400, code: 'INVALID_JSON', agent: echo, body: ' \n\t ' },
  'two values': { status: 400, code: 'INVALID_JSON', agent: echo, body: '1 2' },
  'bad UTF-8': { status: 400, code: 'INVALID_ENCODING', agent: echo, body: new Uint8Array([0x22, 0xc3, 0x28, 0x22]) },
  'UTF-16': { status: 400, code: 'INVALID_ENCODING', agent: echo, body: Buffer.from('\ufeff{}', 'utf16le') },
  'bad gzip': {
    status: 400,
    code: 'INVALID_ENCODING',
    agent: echo,
    headers: { 'content-encoding': 'gzip' },
    body: 'not gzip',
  },
  'gzip that is cut off': {
    status: 400,
    code: 'INVALID_ENCODING',
    agent: echo,
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync('{"a":"bcdefghijklmnop"}').subarray(0, 20),
  },
  'a payload that the codec refuses': {
    status: 400,
    code: 'INVALID_PAYLOAD',
    agent: entrypoint(t.type({ a: t.number }), ({ a }) => TE.right(a)),
    body: { a: 'b' },
  },
  'a session id that is none': {
    status: 400,
    code: 'INVALID_SESSION_ID',
    agent: echo,
    headers: { [sessionId]: 'a b' },
    body: {},
  },
  'no session id where one is required': {
    status: 400,
    code: 'MISSING_SESSION_ID',
    agent: echo,
    options: { session: { policy: 'require' } },
    body: {},
  },
  'a debug action that does not exist': {
    status: 400,
    code: 'UNKNOWN_ACTION',
    agent: echo,
    options: { debug: true },
    body: { _agent_core_app_action: '__proto__' },
  },
  'an unknown path': { status: 404, code: 'NOT_FOUND', agent: echo, path: '/nowhere', method: 'GET' },
  'the root': { status: 404, code: 'NOT_FOUND', agent: echo, path: '/', method: 'GET' },
  'a path like one': { status: 404, code: 'NOT_FOUND', agent: echo, path: '/invocations/', body: {} },
  'the socket of an agent without': { status: 404, code: 'NOT_FOUND', agent: echo, path: '/ws', method: 'GET' },
  'GET /invocations': {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    agent: echo,
    method: 'GET',
    answer: { allow: 'POST' },
  },
  'POST /ping': {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    agent: echo,
    path: '/ping',
    body: {},
    answer: { allow: 'GET, HEAD' },
  },
  'POST /ws': {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    agent: withSocket,
    path: '/ws',
    body: {},
    answer: { allow: 'GET' },
  },
  'a stream that is not accepted': {
    status: 406,
    code: 'NOT_ACCEPTABLE',
    agent: entrypoint(Handler.fromGenerator(() => [1])),
    headers: { accept: 'application/json' },
    body: {},
  },
  'a body that is too large': {
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    agent: echo,
    options: { maxBody: 10 },
    body: '"0123456789"',
  },
  'an unknown content encoding': {
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    agent: echo,
    headers: { 'content-encoding': 'zstd' },
    body: {},
    answer: { 'accept-encoding': 'gzip, deflate, br' },
  },
  'GET /ws without an upgrade': {
    status: 426,
    code: 'UPGRADE_REQUIRED',
    agent: withSocket,
    path: '/ws',
    method: 'GET',
    answer: { upgrade: 'websocket' },
  },
  'a handler that throws': {
    status: 500,
    code: 'INTERNAL_ERROR',
    agent: entrypoint(() => {
      throw new Error('secret')
    }),
    body: {},
  },
  'no entrypoint': { status: 500, code: 'NO_ENTRYPOINT', agent: ping(() => 'Healthy'), body: {} },
  'nothing at all': { status: 500, code: 'NO_ENTRYPOINT', agent: Agent.empty, body: {} },
  'a store that fails': {
    status: 500,
    code: 'SESSION_STORE_FAILED',
    agent: entrypoint((_, { session }) => session.load),
    options: { session: { store: brokenStore } },
    body: {},
  },
  'a refusal on purpose': {
    status: 402,
    code: 'REJECTED',
    agent: entrypoint(() => TE.left(AgentError.rejected(402, 'Pay first', { owed: 1 }))),
    body: {},
  },
  'a provider that refuses': {
    status: 403,
    code: 'REJECTED',
    agent: pipe(
      echo,
      provide(() => TE.left<AgentError.AgentError, {}>(AgentError.rejected(403, 'Not you'))),
    ),
    body: {},
  },
  'a handler over its deadline': {
    status: 504,
    code: 'DEADLINE_EXCEEDED',
    agent: entrypoint((_, { signal }) => TE.fromTask(() => aborted(signal))),
    options: { deadline: 20 },
    body: {},
  },
}

describe('one shape for every failure', () => {
  const seesNothing: Koa.Middleware = (_, next) => next()
  for (const [name, row] of Object.entries(table)) {
    const check = async ({ send, lines }: Spoken): Promise<void> => {
      const { path = '/invocations', method = 'POST', headers = {}, body, answer = {} } = row
      const response = await send(path, { method, headers: { [requestId]: 'req-7', ...headers }, body })
      for (const [header, value] of Object.entries(answer)) expect(response.headers.get(header)).toBe(value)
      expect(await failureOf(response)).toMatchObject({ status: row.status, code: row.code, requestId: 'req-7' })
      expect(lines.join('\n')).not.toContain('An upgrade failed')
    }
    wire(`${name} is ${row.status} ${row.code}`, row.agent, check, row.options)
    it(`${name} is the same behind a middleware`, () => served(pipe(use(seesNothing), row.agent), check, row.options))
    it(`${name} keeps its status when only a stream is accepted`, () =>
      served(
        row.agent,
        async ({ send }) => {
          const { path = '/invocations', method = 'POST', headers = {}, body } = row
          if (row.code === 'NOT_ACCEPTABLE') return
          const response = await send(path, { method, headers: { ...sseOnly, ...headers }, body })
          expect(await failureOf(response)).toMatchObject({ status: row.status, code: row.code })
        },
        row.options,
      ))
  }

  it('431 for headers that are too large', () =>
    served(echo, async ({ port }) => {
      const { status, text } = await ask(port, { headers: { 'x-large': 'x'.repeat(20_000) }, body: '{}' })
      expect([status, failureIn(text).code]).toEqual([431, 'HEADERS_TOO_LARGE'])
    }))

  it('400 for what is no HTTP', () =>
    served(echo, async ({ port, logged }) => {
      const raw = await rawTo(port)
      raw.say('NONSENSE\r\n\r\n')
      const { status, body } = answerIn(await raw.closed)
      const { code, requestId: id } = failureIn(body)
      expect([status, code]).toEqual([400, 'BAD_REQUEST'])
      expect(logged()).toContainEqual(expect.objectContaining({ requestId: id, code, status }))
    }))

  it('503 while the server stops, to a connection that is there already', async () => {
    const [entered, left] = [gate(), gate()]
    const slow = entrypoint(() => TE.fromTask(() => after(entered.open(), left.opened)))
    await served(slow, async ({ port, app }) => {
      const [first, idle] = [await rawTo(port), await rawTo(port)]
      idle.say('GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n')
      first.say(invocation({}))
      await Promise.all([entered.opened, idle.hears('Healthy')])
      // The second request of this connection is begun before the stop, and so the connection is not idle.
      idle.say('POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n')
      await ask(port, { path: '/ping', method: 'GET' })
      const stopped = app.stop({ timeout: 2000 })
      idle.say('\r\n{}')
      await idle.hears('"STOPPING"')
      const { status, body } = answerIn(idle.heard().slice(idle.heard().lastIndexOf('HTTP/1.1')))
      expect([status, failureIn(body).code]).toEqual([503, 'STOPPING'])
      left.open()
      expect(answerIn(await first.closed).status).toBe(200)
      await stopped
    })
  })
})

describe('413 can be read by the client', () => {
  const large = 'x'.repeat(3_000_000)

  it('with a content length, though the body is sent to its end', () =>
    served(
      echo,
      async ({ port }) => {
        const { status, text } = await ask(port, { body: `"${large}"`, headers: { 'content-length': '3000002' } })
        expect([status, failureIn(text).code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
      },
      { maxBody: 1000 },
    ))

  it('chunked, and the connection serves the next request', () =>
    served(
      echo,
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say('POST /invocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
        for (const _ of Array(30)) raw.say(`${(100_000).toString(16)}\r\n${'y'.repeat(100_000)}\r\n`)
        await raw.hears('PAYLOAD_TOO_LARGE')
        raw.say('0\r\n\r\n')
        raw.say('GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        expect(await raw.closed).toMatch(/413 Payload Too Large[\s\S]+HTTP\/1\.1 200 OK/)
      },
      { maxBody: 1000 },
    ))

  it('by fetch, which sends and reads at once', () =>
    served(echo, async ({ send }) => expect(await failureOf(await post(send, large))).toMatchObject({ status: 413 }), {
      maxBody: 1000,
    }))
})

describe('refusals on purpose are told, whatever their status', () => {
  for (const status of [400, 401, 404, 409, 418, 422, 429, 451, 499, 500, 503, 599]) {
    wire(
      `${status}`,
      entrypoint(() => TE.left(AgentError.rejected(status, 'On purpose', [status]))),
      async ({ send }) =>
        expect(await failureOf(await post(send))).toMatchObject({
          status,
          code: 'REJECTED',
          error: 'On purpose',
          details: [status],
        }),
    )
  }

  for (const status of [0, 42, 100, 204, 304, 600, Number.NaN, 404.5]) {
    wire(
      `${status}, with which no body can go, is 500`,
      entrypoint(() => TE.left(AgentError.rejected(status, 'On purpose'))),
      async ({ send }) => expect(await failureOf(await post(send))).toMatchObject({ status: 500, code: 'REJECTED' }),
    )
  }

  wire(
    'details that have no JSON are left out',
    entrypoint(() => TE.left(AgentError.rejected(409, 'Conflict', { big: 1n }))),
    async ({ send }) => {
      const failure = await failureOf(await post(send))
      expect([failure.status, failure.error, 'details' in failure]).toEqual([409, 'Conflict', false])
    },
  )

  wire(
    'thrown ones too',
    entrypoint(
      Handler.fromAsync(async () => {
        throw AgentError.rejected(410, 'Gone')
      }),
    ),
    async ({ send }) => expect(await failureOf(await post(send))).toMatchObject({ status: 410, error: 'Gone' }),
  )

  wire(
    'a wrap may answer in the place of a failure',
    pipe(
      entrypoint(() => TE.left(AgentError.rejected(409, 'Busy'))),
      wrap(
        (next) => (context) =>
          pipe(
            next(context),
            TE.orElse(() => TE.right(Reply.json('instead'))),
          ),
      ),
    ),
    async ({ send }) => expect(await (await post(send)).json()).toBe('instead'),
  )

  const exposed = Object.assign(new Error('Too warm'), { status: 429, statusCode: 429, expose: true })
  const hidden = Object.assign(new Error('row 17 of table users'), { status: 404, expose: false })

  wire(
    'an error of http-errors that may be shown',
    entrypoint(() => TE.left(AgentError.fromUnknown(exposed))),
    async ({ send }) => expect(await failureOf(await post(send))).toMatchObject({ status: 429, error: 'Too warm' }),
  )

  wire(
    'an error of http-errors that may not be shown',
    entrypoint(
      Handler.fromSync(() => {
        throw hidden
      }),
    ),
    async ({ send }) => {
      const text = await (await post(send)).text()
      expect(failureIn(text).code).toBe('INTERNAL_ERROR')
      expect(text).not.toContain('users')
    },
  )
})

describe('what is thrown is logged with the ids of the request, and not told', () => {
  const secret = new Error('password of the database')
  const fails = (): Array<never> => {
    throw secret
  }
  const throwers: Readonly<Record<string, Agent.Agent>> = {
    'a handler that throws': entrypoint(() => {
      throw secret
    }),
    'a task that throws': entrypoint(() => () => {
      throw secret
    }),
    'a task that rejects': entrypoint(() => () => Promise.reject(secret)),
    'a promise that rejects': entrypoint(Handler.fromAsync(() => Promise.reject(secret))),
    'a lifted function that throws': entrypoint(
      Handler.fromSync(() => {
        throw secret
      }),
    ),
    'a left': entrypoint(() => TE.left(AgentError.unexpected(secret))),
    'a generator before its first event': entrypoint(
      Handler.fromGenerator(async function* () {
        yield* fails()
      }),
    ),
    'a generator function': entrypoint(
      Handler.fromGenerator(() => {
        throw secret
      }),
    ),
    'an iterator whose next throws': entrypoint(() =>
      TE.right({
        next: () => {
          throw secret
        },
      }),
    ),
    'an iterator that cannot be made': entrypoint(() =>
      TE.right({
        [Symbol.asyncIterator]: () => {
          throw secret
        },
      }),
    ),
    'a provider': pipe(
      provide((): TE.TaskEither<AgentError.AgentError, {}> => {
        throw secret
      }),
      echo,
    ),
    'a wrap': pipe(
      wrap(() => () => () => Promise.reject(secret)),
      echo,
    ),
    'a middleware': pipe(
      use(() => {
        throw secret
      }),
      echo,
    ),
    'a middleware on the way back': pipe(
      use(async (_, next) => {
        await next()
        throw secret
      }),
      echo,
    ),
  }
  for (const [name, agent] of Object.entries(throwers)) {
    wire(name, agent, async ({ send, logged }) => {
      for (const headers of [{}, sseOnly]) {
        const response = await post(send, {}, headers)
        const text = await response.text()
        expect(text).not.toContain('password')
        const { code, error, requestId: id } = failureIn(text)
        expect([response.status, code, error]).toEqual([500, 'INTERNAL_ERROR', 'Internal Server Error'])
        expect(logged()).toContainEqual(
          expect.objectContaining({ level: 'ERROR', requestId: id, errorMessage: secret.message }),
        )
      }
    })
    wire(
      `${name} is told with debug`,
      agent,
      async ({ send }) => {
        expect(await failureOf(await post(send))).toMatchObject({ status: 500, error: secret.message })
      },
      { debug: true },
    )
  }

  const things: Readonly<Record<string, unknown>> = {
    'a string': 'password',
    undefined: undefined,
    null: null,
    'a number': 42,
    'a symbol': Symbol('s'),
    'a BigInt': 1n,
    'an object without prototype': Object.create(null) as unknown,
    'an object that cannot be shown': {
      toString: () => {
        throw new Error('again')
      },
      get message() {
        throw new Error('and again')
      },
    },
    'a function': () => 1,
    'a frozen error': Object.freeze(new Error('cold')),
    'an error whose message is no text': Object.assign(new Error(), { message: { a: 1 } }),
    'an error that holds itself': (() => {
      const error = new Error('round')
      return Object.assign(error, { cause: error })
    })(),
    'what looks like one of ours': { _tag: 'Rejected', status: 200, message: 'forged' },
  }
  for (const [name, thing] of Object.entries(things)) {
    const rejects = entrypoint(() => () => rejecting(thing))
    for (const debug of [false, true]) {
      wire(
        `rejecting with ${name}${debug ? ', with debug' : ''}`,
        rejects,
        async ({ send, logged }) => {
          const failure = await failureOf(await post(send))
          expect([failure.status, failure.code]).toEqual([500, 'INTERNAL_ERROR'])
          expect(logged()).toContainEqual(expect.objectContaining({ level: 'ERROR', requestId: failure.requestId }))
        },
        { debug },
      )
    }
    it(`a middleware that throws ${name}`, () =>
      served(
        pipe(
          use(() => rejecting(thing)),
          echo,
        ),
        async ({ send }) => {
          const failure = await failureOf(await post(send))
          expect([failure.status, failure.code]).toEqual([500, 'INTERNAL_ERROR'])
        },
      ))
  }
})

describe('a handler that fails before any event, where a stream is asked for', () => {
  const fails = (): Array<never> => {
    throw new Error('x')
  }
  for (const [name, agent] of Object.entries({
    throwing: entrypoint(() => {
      throw new Error('x')
    }),
    'throwing in its generator': entrypoint(
      Handler.fromGenerator(function* () {
        yield* fails()
      }),
    ),
    left: entrypoint(() => TE.left(AgentError.unexpected('x'))),
  })) {
    wire(name, agent, async ({ send }) => {
      const failure = await failureOf(await post(send, {}, sseOnly))
      expect(failure).toMatchObject({ status: 500, code: 'INTERNAL_ERROR', error: 'Internal Server Error' })
    })
  }

  wire(
    'after the first event the failure is the last event',
    entrypoint(
      Handler.fromGenerator(async function* () {
        yield 1
        throw AgentError.rejected(409, 'Conflict', { at: 1 })
      }),
    ),
    async ({ send }) => {
      const response = await post(send, {}, { ...sseOnly, [requestId]: 'req-8' })
      expect(response.status).toBe(200)
      const [first, last, ...more] = eventsIn(await response.text())
      expect([first, more]).toEqual([{ data: '1' }, []])
      expect(last).toMatchObject({ event: 'error' })
      expect(JSON.parse((last as { readonly data: string }).data)).toEqual({
        error: 'Conflict',
        error_type: 'REJECTED',
        message: 'An error occurred during streaming',
        requestId: 'req-8',
        details: { at: 1 },
      })
    },
  )
})

describe('the request id', () => {
  for (const [name, sent] of Object.entries({
    'with spaces': 'a b',
    'of 300 characters': 'x'.repeat(300),
    'that is empty': '',
  })) {
    wire(`one ${name} is not taken over`, echo, async ({ send }) => {
      const { requestId: told } = await failureOf(await post(send, '{', { [requestId]: sent }))
      expect(told).toMatch(/^[0-9a-f-]{36}$/)
    })
  }

  it('is one and the same for a request, in its answer, its context and its log lines', async () => {
    const seen: Array<string> = []
    const agent = entrypoint((_, context) => {
      seen.push(context.requestId)
      return TE.left(AgentError.rejected(400, 'no'))
    })
    await served(agent, async ({ send, logged }) => {
      const { requestId: told } = await failureOf(await post(send))
      expect(seen).toEqual([told])
      expect(logged().filter((line) => line['requestId'] === told)).toHaveLength(1)
    })
  })
})
