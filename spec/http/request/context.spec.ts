/** What a handler may know of its request, and what nobody may read in the logs. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, AgentError, Context, entrypoint, Handler, provide, use, wrap } from '../../../lib'
import { aborted, after, ask, eventually, gate, invocation, rawTo, type Send, served, wire } from '../support'

type Told = (context: Context.Context) => unknown

/** An agent that answers with something of its context. */
const telling = (f: Told): Agent.Agent => entrypoint((_, context) => TE.right(f(context)))

const post = (send: Send, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  send('/invocations', { body: {}, headers })

const prefix = 'X-Amzn-Bedrock-AgentCore-Runtime'

describe('headers', () => {
  const through = [
    'Authorization',
    'X-Api-Key',
    'traceparent',
    'tracestate',
    'baggage',
    'X-Amzn-Trace-Id',
    'OAuth2CallbackUrl',
    'WorkloadAccessToken',
    'X-Amz-Bedrock-AgentCore-Identity-WAT',
    `${prefix}-Session-Id`,
    `${prefix}-Request-Id`,
    `${prefix}-User-Id`,
    `${prefix}-Custom-Tenant`,
    'My-Own-Header',
  ]
  const refused = [
    'Cookie',
    'Proxy-Authorization',
    'Accept',
    'Accept-Language',
    'Content-Language',
    'Cache-Control',
    'If-None-Match',
    'Origin',
    'Access-Control-Request-Method',
    'Referer',
    'User-Agent',
    'From',
    'Range',
    'Via',
    'Forwarded',
    'X-Forwarded-For',
    'X-Real-IP',
    'X-Requested-With',
    'X-CSRF-Token',
    'True-Client-IP',
    'CF-Ray',
    'Sec-WebSocket-Protocol',
    'X-Amz-Security-Token',
    'X-Amzn-Something',
    'Link',
    'DPR',
  ]
  const record = telling(({ headers }) => headers.toRecord())

  for (const name of through) {
    wire(
      `${name} is let through, in any case`,
      telling(({ headers }) =>
        [name, name.toLowerCase(), name.toUpperCase()].map((as) => O.toNullable(headers.get(as))),
      ),
      async ({ send }) => {
        expect(await (await post(send, { [name]: 'the-value' })).json()).toEqual([
          'the-value',
          'the-value',
          'the-value',
        ])
      },
    )
  }

  it('they are in the record, by their names in lower case', () =>
    served(record, async ({ port }) => {
      const { text } = await ask(port, { body: '{}', headers: Object.fromEntries(through.map((name) => [name, 'v'])) })
      expect(JSON.parse(text)).toEqual(Object.fromEntries(through.map((name) => [name.toLowerCase(), 'v'])))
    }))

  for (const name of refused) {
    it(`${name} is not`, () =>
      served(
        telling(({ headers }) => [O.isSome(headers.get(name)), Object.keys(headers.toRecord())]),
        async ({ port }) => {
          const value = name === 'Accept' ? '*/*' : 'v'
          expect((await ask(port, { body: '{}', headers: { [name]: value } })).text).toBe('[false,[]]')
        },
        { allowedOrigins: 'any' },
      ))
  }

  it('names that objects have of their own are absent', () =>
    served(
      telling(({ headers }) =>
        ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => O.isSome(headers.get(name))),
      ),
      async ({ send }) => expect(await (await post(send)).text()).toBe('[false,false,false,false]'),
    ))

  it('the escape hatch has them all, as Koa does', () =>
    served(
      telling(({ request }) => [request.get('User-Agent'), request.method, request.path, request.querystring]),
      async ({ port }) =>
        expect((await ask(port, { path: '/invocations?a=1', body: '{}', headers: { 'user-agent': 'me' } })).text).toBe(
          '["me","POST","/invocations","a=1"]',
        ),
    ))
})

describe('what the service says of a request', () => {
  const all: Told = ({ userId, workloadAccessToken, oauth2CallbackUrl, trace }) =>
    [
      userId,
      workloadAccessToken,
      oauth2CallbackUrl,
      trace.traceparent,
      trace.tracestate,
      trace.baggage,
      trace.xAmznTraceId,
    ].map(O.toNullable)

  wire('nothing, where it says nothing', telling(all), async ({ send }) =>
    expect(await (await post(send)).json()).toEqual(Array(7).fill(null)),
  )

  wire('everything', telling(all), async ({ send }) => {
    const headers = {
      [`${prefix}-User-Id`]: 'user-1',
      'X-Amz-Bedrock-AgentCore-Identity-WAT': 'wat',
      OAuth2CallbackUrl: 'https://example.org/back',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'k=v',
      'X-Amzn-Trace-Id': 'Root=1-2-3',
    }
    expect(await (await post(send, headers)).json()).toEqual(Object.values(headers))
  })

  wire(
    'the newer workload token is preferred, the older one stands in',
    telling(({ workloadAccessToken }) => O.toNullable(workloadAccessToken)),
    async ({ send }) => {
      const newer = { 'x-amz-bedrock-agentcore-identity-wat': 'newer' }
      const older = { workloadaccesstoken: 'older' }
      expect(await (await post(send, { ...older, ...newer })).json()).toBe('newer')
      expect(await (await post(send, older)).json()).toBe('older')
      expect(await (await post(send, { ...older, 'x-amz-bedrock-agentcore-identity-wat': '' })).json()).toBe('older')
    },
  )

  wire(
    'ids',
    telling(({ requestId, sessionId }) => [requestId, sessionId]),
    async ({ send }) => {
      const response = await post(send, { [`${prefix}-Request-Id`]: 'r-1', [`${prefix}-Session-Id`]: 's-1' })
      expect(await response.json()).toEqual(['r-1', 's-1'])
    },
  )

  wire(
    'the deadline, as a moment',
    telling(({ deadline }) => O.toNullable(deadline)),
    async ({ send }) => {
      const before = Date.now()
      const at = (await (await post(send)).json()) as number
      expect(at).toBeGreaterThanOrEqual(before + 5000)
      expect(at).toBeLessThanOrEqual(Date.now() + 5000)
    },
    { deadline: 5000 },
  )

  wire(
    'none where none is set',
    telling(({ deadline }) => O.isSome(deadline)),
    async ({ send }) => expect(await (await post(send)).json()).toBe(false),
  )
})

describe('the context cannot be changed', () => {
  const changes: Readonly<Record<string, (context: Context.Context<{ readonly user: string }>) => boolean>> = {
    'a field': (context) => Reflect.set(context, 'sessionId', 'forged'),
    'a new field': (context) => Reflect.set(context, 'more', 1),
    'a field taken away': (context) => Reflect.deleteProperty(context, 'requestId'),
    'the state': (context) => Reflect.set(context.state, 'user', 'forged'),
    'new state': (context) => Reflect.set(context.state, 'admin', true),
    'the trace': (context) => Reflect.set(context.trace, 'baggage', O.some('forged')),
    'the record of headers': (context) => Reflect.set(context.headers.toRecord(), 'authorization', 'forged'),
    'the prototype': (context) => Reflect.setPrototypeOf(context, {}),
  }
  for (const [name, change] of Object.entries(changes)) {
    wire(
      name,
      pipe(
        provide(() => TE.right({ user: 'u' })),
        entrypoint((_, context: Context.Context<{ readonly user: string }>) => TE.right(change(context))),
      ),
      async ({ send }) => expect(await (await post(send)).json()).toBe(false),
    )
  }

  it('what a provider adds is seen by what follows, and not by what came before', async () => {
    const seen: Array<ReadonlyArray<string>> = []
    const look = (context: Context.Context): void => void seen.push(Object.keys(context.state))
    await served(
      pipe(
        wrap((next) => (context) => after(look(context), next(context))),
        provide(() => TE.right({ a: 1 })),
        wrap((next) => (context) => after(look(context), next(context))),
        provide((context: Context.Context<{ readonly a: number }>) => TE.right({ b: context.state.a + 1 })),
        entrypoint((_, context: Context.Context<{ readonly a: number; readonly b: number }>) =>
          after(look(context), TE.right(context.state)),
        ),
      ),
      async ({ send }) => {
        expect(await (await post(send)).json()).toEqual({ a: 1, b: 2 })
        expect(seen).toEqual([[], ['a'], ['a', 'b']])
      },
    )
  })
})

describe('the signal', () => {
  wire(
    'is not aborted while the client waits, nor after the answer',
    telling(({ signal }) => signal.aborted),
    async ({ send }) => expect(await (await post(send)).json()).toBe(false),
  )

  for (const [name, end, options] of [
    ['when the client leaves', 'Cancelled', {}],
    ['at the deadline', 'DeadlineExceeded', { deadline: 30 }],
    ['when the server stops', 'Stopping', {}],
  ] as const) {
    it(`aborts ${name}, and tells why`, async () => {
      const [entered, reason] = [gate(), gate<unknown>()]
      const agent = entrypoint((_, { signal }) =>
        TE.fromTask(async () => {
          entered.open()
          await aborted(signal)
          reason.open(signal.reason)
        }),
      )
      await served(
        agent,
        async ({ port, app }) => {
          const raw = await rawTo(port)
          raw.say(invocation({}))
          await entered.opened
          if (end === 'Cancelled') raw.socket.destroy()
          if (end === 'Stopping') await app.stop({ timeout: 20 })
          expect(await reason.opened).toMatchObject({ _tag: end })
          raw.socket.destroy()
        },
        options,
      )
    })
  }
})

describe('the log', () => {
  const says = (f: (context: Context.Context) => void): Agent.Agent => telling((context) => after(f(context), 1))

  wire(
    'every line carries the ids of its request',
    says(({ log }) => {
      log.debug('one')()
      log.info('two', { extra: 1 })()
      log.warn('three', { requestId: 'forged', level: 'forged', message: 'forged' })()
      log.error('four', { error: new Error('e') })()
    }),
    async ({ send, logged }) => {
      await (await post(send, { [`${prefix}-Request-Id`]: 'r-1', [`${prefix}-Session-Id`]: 's-1' })).text()
      const lines = logged()
      expect(lines.map(({ message }) => message).slice(0, 2)).toEqual(['one', 'two'])
      expect(lines.length).toBe(5)
      for (const line of lines) {
        expect(line).toMatchObject({
          timestamp: expect.stringMatching(/^\d{4}-.+Z$/) as string,
          logger: 'agentcore-fp',
          sessionId: 's-1',
        })
      }
      expect(lines[1]).toMatchObject({ level: 'INFO', extra: 1, requestId: 'r-1' })
      expect(lines[3]).toMatchObject({
        level: 'ERROR',
        errorMessage: 'e',
        errorType: 'Error',
        stackTrace: expect.any(String) as string,
      })
    },
  )

  it('lines of requests at the same time are told apart', async () => {
    const both = gate()
    const count = { in: 0 }
    const agent = entrypoint((_, { log }) =>
      TE.fromTask(async () => {
        if ((count.in += 1) === 2) both.open()
        await both.opened
        log.info('mine')()
        return 1
      }),
    )
    await served(agent, async ({ send, logged }) => {
      await Promise.all(
        ['a', 'b'].map((id) => post(send, { [`${prefix}-Session-Id`]: id }).then((response) => response.text())),
      )
      expect(
        logged()
          .filter(({ message }) => message === 'mine')
          .map((line) => line['sessionId'])
          .sort(),
      ).toEqual(['a', 'b'])
    })
  })

  it('a stream and a task in the background log with the ids too', () =>
    served(
      entrypoint(
        Handler.fromGenerator(async function* (_, { log, tasks }) {
          tasks.fork('later', () => log.info('from the task'))
          yield 1
          log.info('from the stream')
        }),
      ),
      async ({ send, logged }) => {
        await (await post(send, { [`${prefix}-Session-Id`]: 's-1' })).text()
        await eventually(
          () =>
            ['from the task', 'from the stream'].every((wanted) =>
              logged().some(({ message, sessionId }) => message === wanted && sessionId === 's-1'),
            ),
          'both are logged',
        )
      },
    ))

  it('a level that is not wanted is not written', () =>
    served(
      says(({ log }) => {
        log.debug('no')()
        log.info('no')()
        log.warn('yes')()
      }),
      async ({ send, logged }) => {
        await (await post(send)).text()
        expect(logged().map(({ message }) => message)).toEqual(['yes'])
      },
      { log: { level: 'warn' } },
    ))

  it('what has no JSON does not keep a line from being written', () =>
    served(
      says(({ log }) => {
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        log.info('one', { big: 1n, cycle, f: () => 1 })()
        log.info('two', {
          get bad() {
            return Symbol('s')
          },
        })()
      }),
      async ({ send, logged }) => {
        expect((await post(send)).status).toBe(200)
        expect(
          logged()
            .map(({ message }) => message)
            .slice(0, 2),
        ).toEqual(['one', 'two'])
      },
    ))
})

describe('no secret gets into the log', () => {
  const secrets = {
    authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    cookie: 'session=abcdefgh12345678; other="quoted value"',
    workloadaccesstoken: 'legacy-workload-token',
    'x-amz-bedrock-agentcore-identity-wat': 'newer-workload-token',
  }
  const forms: Readonly<Record<string, (context: Context.Context) => void>> = {
    'in a message': ({ log, request }) => log.info(`calling with ${Object.values(request.headers).join(' ')}`)(),
    'in a field of any name': ({ log, request }) => log.info('x', { note: request.headers })(),
    'in text of its own': ({ log, request }) =>
      log.info('x', { a: String(request.headers['authorization']).slice(7), b: [String(request.headers['cookie'])] })(),
    'as the record of headers': ({ log, headers }) => log.info('x', headers.toRecord())(),
    'as the token': ({ log, workloadAccessToken }) => log.info('x', { value: O.toNullable(workloadAccessToken) })(),
    'in an error': ({ log, request }) =>
      log.error('x', {
        error: new Error(`401 for ${JSON.stringify(request.headers)}`, {
          cause: new Error(String(request.headers['cookie'])),
        }),
      })(),
    'in JSON within JSON': ({ log, request }) =>
      log.info('x', { body: JSON.stringify({ inner: JSON.stringify(request.headers) }) })(),
    'in what is thrown': ({ request }) => {
      throw new Error(`cannot reach with ${Object.values(request.headers).join(' ')}`)
    },
    'in what is thrown, and is no error': ({ request }) => {
      throw { headers: request.headers, text: Object.values(request.headers) } as unknown as Error
    },
  }
  for (const [name, f] of Object.entries(forms)) {
    for (const format of ['json', 'pretty'] as const) {
      it(`${name}, ${format}`, () =>
        served(
          telling((context) => after(f(context), 1)),
          async ({ port, lines }) => {
            await ask(port, { body: '{}', headers: secrets })
            const text = lines.join('\n')
            expect(lines.length).toBeGreaterThan(0)
            for (const secret of [...Object.values(secrets), secrets.authorization.slice(7)]) {
              const once = JSON.stringify(secret).slice(1, -1)
              for (const form of [secret, once, JSON.stringify(once).slice(1, -1)]) expect(text).not.toContain(form)
            }
          },
          { log: { format } },
        ))
    }
  }

  for (const [scheme, secret] of [
    ['Basic', 'dXNlcjpwYXNzd29yZA=='],
    ['Digest', 'username="bob", response="6629fae49393a05397450978507c4ef1"'],
    ['Token', 'abcdef0123456789'],
    ['AWS4-HMAC-SHA256', 'Credential=AKIA/2026/x, SignedHeaders=host, Signature=0011223344'],
  ] as const) {
    it(`credentials of ${scheme}, without the name of the scheme too`, () =>
      served(
        telling(({ log, request }) => {
          const whole = String(request.headers['authorization'])
          log.info('whole', { note: whole })()
          log.info(whole.slice(whole.indexOf(' ') + 1))()
          return 1
        }),
        async ({ port, lines }) => {
          await ask(port, { body: '{}', headers: { authorization: `${scheme} ${secret}` } })
          const text = lines.join('\n')
          expect(text).not.toContain(secret)
          expect(text).not.toContain(JSON.stringify(secret).slice(1, -1))
        },
      ))
  }

  it('a middleware that fails with them', () =>
    served(
      pipe(
        use((ctx) => {
          throw new Error(`no upstream for ${ctx.get('authorization')}`)
        }),
        telling(() => 1),
      ),
      async ({ port, lines }) => {
        await ask(port, { body: '{}', headers: secrets })
        expect(lines.join('\n')).toContain('no upstream')
        expect(lines.join('\n')).not.toContain(secrets.authorization.slice(7))
      },
    ))

  it('a task in the background that fails with them', () =>
    served(
      telling(({ tasks, request }) => {
        tasks.fork('t')(
          TE.left(AgentError.unexpected(new Error(`no: ${request.headers['workloadaccesstoken']?.toString() ?? ''}`))),
        )()
        return E.right(1)
      }),
      async ({ port, lines }) => {
        await ask(port, { body: '{}', headers: secrets })
        await eventually(() => lines.some((line) => line.includes('Background task failed')), 'it is logged')
        expect(lines.join('\n')).not.toContain(secrets.workloadaccesstoken)
      },
    ))
})

/** The names of all that a context has, in their order. */
const parts: ReadonlyArray<keyof Context.Context> = [
  'deadline',
  'headers',
  'log',
  'oauth2CallbackUrl',
  'request',
  'requestId',
  'session',
  'sessionId',
  'signal',
  'state',
  'tasks',
  'trace',
  'userId',
  'workloadAccessToken',
]

wire(
  'a spread of it has every part, those that are made on demand too',
  pipe(
    provide(() => TE.right({ user: 'u' })),
    telling((context) => {
      const copy = { ...context }
      return [Object.keys(copy).sort(), copy.signal === context.signal, copy.request.method]
    }),
  ),
  async ({ send }) => expect(await (await post(send)).json()).toEqual([parts, true, 'POST']),
)

describe('between layers', () => {
  const tenant = provide(() => TE.right({ tenant: 'acme' }))
  const user = provide(({ state }: Context.Context<{ readonly tenant: string }>) =>
    TE.right({ user: `ann@${state.tenant}` }),
  )
  const renamed = wrap((next) => (context) => next({ ...context, requestId: `${context.requestId}-renamed` }))
  const signed = wrap((next) => (context) => next(Context.withSignal(AbortSignal.abort('by a wrap'))(context)))
  const told = telling((context) => ({
    requestId: context.requestId,
    state: context.state,
    reason: String(context.signal.reason),
    method: context.request.method,
    names: Object.keys(context).sort(),
  }))
  const whole = { method: 'POST', names: parts }
  const headers = { [`${prefix}-Request-Id`]: 'r-1' }
  const state = { tenant: 'acme', user: 'ann@acme' }

  wire('every part is there behind providers', pipe(tenant, user, told), async ({ send }) =>
    expect(await (await post(send, headers)).json()).toEqual({
      ...whole,
      requestId: 'r-1',
      state,
      reason: 'undefined',
    }),
  )

  wire(
    'a provider keeps what a wrap before it has changed',
    pipe(tenant, renamed, signed, user, told),
    async ({ send }) =>
      expect(await (await post(send, headers)).json()).toEqual({
        ...whole,
        requestId: 'r-1-renamed',
        state,
        reason: 'by a wrap',
      }),
  )

  wire(
    'a wrap that changes nothing costs nothing of the context',
    pipe(
      tenant,
      wrap((next) => (context) => next(context)),
      user,
      told,
    ),
    async ({ send }) =>
      expect(await (await post(send, headers)).json()).toEqual({
        ...whole,
        requestId: 'r-1',
        state,
        reason: 'undefined',
      }),
  )

  it('a provider computes no part that nobody asks for', async () => {
    let made = 0
    const newId = (): string => `id-${(made += 1)}`
    const options = { newId, log: { level: 'silent' } } as const // a line of the log has the request id
    const session = { [`${prefix}-Session-Id`]: 's-1' }
    await served(
      pipe(
        tenant,
        user,
        telling(({ state: given }) => given),
      ),
      async ({ send }) => expect(await (await post(send, session)).json()).toEqual(state),
      options,
    )
    expect(made).toBe(0)
    await served(
      pipe(
        tenant,
        user,
        telling(({ requestId }) => requestId),
      ),
      async ({ send }) => expect(await (await post(send, session)).json()).toBe('id-1'),
      { newId },
    )
  })

  it('the context of every layer is frozen, and its state too', async () => {
    const looked: Array<boolean> = []
    const look = wrap((next) => (context) => {
      looked.push(Object.isFrozen(context), Object.isFrozen(context.state))
      return next(context)
    })
    await served(pipe(look, tenant, look, user, look, told), async ({ send }) => post(send))
    expect(looked).toEqual([true, true, true, true, true, true])
  })
})

it('holds nothing that could be changed: every part of it is frozen', async () => {
  const looked: Array<readonly [string, boolean]> = []
  const agent = entrypoint((_, context) => {
    for (const name of ['headers', 'trace', 'state', 'tasks', 'session', 'log', 'userId', 'deadline'] as const) {
      looked.push([name, Object.isFrozen(context[name])])
    }
    return TE.right(Object.isFrozen(context))
  })
  await served(
    agent,
    async ({ port }) => {
      const answer = await ask(port, { body: '{}', headers: { 'x-amzn-bedrock-agentcore-runtime-user-id': 'ada' } })
      expect(answer.text).toBe('true')
    },
    { deadline: 60_000 },
  )
  expect(looked.filter(([, isFrozen]) => !isFrozen)).toEqual([])
  expect(looked).toHaveLength(8)
})
