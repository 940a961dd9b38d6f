/** The log: JSON lines with the fields of the Python SDK, text for people, and nothing that could take a request down. */
import { readFile } from 'node:fs/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, type App, createApp, entrypoint, Handler, type Options } from '../../../lib'
import { testClock } from '../../../lib/testing'
import { invoke, type Line, logSink, requestHeader, seen, sessionHeader, withChild } from '../socketSupport'

const headers = { [sessionHeader]: 'session-1', [requestHeader]: 'request-1' }

/** An app whose handler logs what the payload is not able to say. */
const logging = (fields: Readonly<Record<string, unknown>>, log: Options['log'], options: Options = {}): App =>
  createApp(
    entrypoint((_, { log: write }) =>
      pipe(
        TE.rightIO(write.debug('a detail', fields)),
        TE.chainFirstIOK(() => write.info('a fact', fields)),
        TE.chainFirstIOK(() => write.warn('a doubt', fields)),
        TE.chainFirstIOK(() => write.error('a failure', fields)),
        TE.map(() => 'answered'),
      ),
    ),
    { ...options, ...(log === undefined ? {} : { log }) },
  )

const said = (lines: ReadonlyArray<Line>): ReadonlyArray<unknown> => lines.map(({ message }) => message)

describe('a line', () => {
  it('is a JSON object with the time, the level, the message, the logger and the ids', async () => {
    const sink = logSink()
    await invoke(logging({ step: 2 }, sink.options, { clock: testClock(1_700_000_000_123) }), {}, headers)
    expect(sink.all[0]).toEqual({
      timestamp: '2023-11-14T22:13:20.123Z',
      level: 'INFO',
      message: 'a fact',
      logger: 'agentcore-fp',
      requestId: 'request-1',
      sessionId: 'session-1',
      step: 2,
    })
    expect(sink.all.map(({ level }) => level)).toEqual(['INFO', 'WARNING', 'ERROR', 'INFO'])
    expect(await sink.line('Invocation completed')).toMatchObject({ status: 200, duration: 0, requestId: 'request-1' })
  })

  it.each([
    ['a thrown error', new TypeError('broken inside'), { errorType: 'TypeError', errorMessage: 'broken inside' }],
    ['a thrown text', 'just text', { errorMessage: 'just text' }],
    ['a thrown object', { why: 'so' }, { errorMessage: '{"why":"so"}' }],
    ['nothing thrown', undefined, {}],
    [
      'an error with a cause',
      new Error('outer', { cause: new Error('inner') }),
      { errorMessage: 'outer', errorCause: expect.stringContaining('inner') as string },
    ],
  ])('of a failure tells of %s, with the place where there is one', async (_, thrown, fields) => {
    const sink = logSink()
    const app = createApp(
      entrypoint(() => async () => {
        throw thrown
      }),
      { log: sink.options },
    )
    expect((await invoke(app, {}, headers)).body).toEqual({
      error: 'Internal Server Error',
      code: 'INTERNAL_ERROR',
      requestId: 'request-1',
    })
    const line = await sink.line('Invocation failed')
    expect(line).toMatchObject({
      level: 'ERROR',
      requestId: 'request-1',
      sessionId: 'session-1',
      code: 'INTERNAL_ERROR',
      ...fields,
    })
    if (thrown instanceof Error) expect(line['stackTrace']).toContain('logging.spec.js')
  })

  it('tells the type, message and place of an error that another realm has made', async () => {
    const sink = logSink()
    const app = createApp(entrypoint(Handler.fromAsync(() => readFile('/no/such/file'))), { log: sink.options })
    await invoke(app, {}, headers)
    expect(await sink.line('Invocation failed')).toMatchObject({
      errorType: 'Error',
      errorMessage: expect.stringContaining('ENOENT') as string,
      stackTrace: expect.stringContaining('ENOENT') as string,
    })
  })

  it('of a refusal is a warning without a stack', async () => {
    const sink = logSink()
    const app = createApp(
      entrypoint(() => TE.left(AgentError.rejected(403, 'not you'))),
      { log: sink.options },
    )
    await invoke(app, {}, headers)
    const line = await sink.line('Invocation refused')
    expect(line).toMatchObject({ level: 'WARNING', status: 403, code: 'REJECTED', reason: 'not you' })
    expect(line).not.toHaveProperty('stackTrace')
  })

  it('holds no secret of the request, in whatever it says', async () => {
    const lines = seen<string>()
    const app = createApp(
      entrypoint((_, { log, headers: all, workloadAccessToken }) =>
        TE.rightIO(
          log.info(`called with ${JSON.stringify(all.toRecord())}`, { workloadAccessToken, nested: [{ apiKey: 'k' }] }),
        ),
      ),
      { log: { format: 'json', destination: lines.add } },
    )
    await invoke(app, {}, { authorization: 'Bearer abc.def.ghi', 'x-amz-bedrock-agentcore-identity-wat': 'wat-12345' })
    const text = lines.all.join('\n')
    for (const secret of ['abc.def.ghi', 'wat-12345', '"k"']) expect(text).not.toContain(secret)
    expect(text).toContain('[redacted]')
  })

  it('hides the fields that the options name, in any case and at any depth', async () => {
    const sink = logSink()
    const fields = { Email: 'a@b', list: [new Map([['SSN', 1]])], emails: 2, error: 'plain' }
    await invoke(logging(fields, { ...sink.options, redact: ['email', 'ssn'] }), {})
    expect(sink.all[0]).toMatchObject({ Email: '[redacted]', list: [{ SSN: '[redacted]' }], emails: 2 })
  })

  it('has each name once, with the value of the caller', async () => {
    const lines = seen<string>()
    const fields = { requestId: 'mine', level: 'loud', token: 't' }
    await invoke(logging(fields, { format: 'json', destination: lines.add }), {}, headers)
    const [line = ''] = lines.all
    expect(JSON.parse(line)).toMatchObject({
      requestId: 'mine',
      level: 'loud',
      message: 'a fact',
      sessionId: 'session-1',
    })
    expect(line.split('"requestId"')).toHaveLength(2)
    expect(line).toContain('"token":"[redacted]"')
  })

  it('does not hold a token that the client has sent as its session id too', async () => {
    const lines = seen<string>()
    const token = 'a-token-of-thirty-three-characters'
    const sent = { authorization: `Bearer ${token}`, [sessionHeader]: token, [requestHeader]: token }
    await invoke(logging({}, { format: 'json', destination: lines.add }), {}, sent)
    expect(lines.all).toHaveLength(4)
    expect(lines.all.join()).not.toContain(token)
  })

  it('is one line whatever it says', async () => {
    const lines = seen<string>()
    await invoke(logging({ text: 'a\nb\r\n{"level":"ERROR"}' }, { format: 'json', destination: lines.add }), {})
    expect(lines.all.filter((line) => /[\r\n]/.test(line))).toEqual([])
  })
})

describe('the level', () => {
  it.each([
    ['debug', ['a detail', 'a fact', 'a doubt', 'a failure', 'Invocation completed']],
    ['info', ['a fact', 'a doubt', 'a failure', 'Invocation completed']],
    ['warn', ['a doubt', 'a failure']],
    ['error', ['a failure']],
    ['silent', []],
  ] as const)('%s lets through what matters as much', async (level, messages) => {
    const sink = logSink()
    await invoke(logging({}, { ...sink.options, level }), {})
    expect(said(sink.all)).toEqual(messages)
  })
})

describe('the pretty format', () => {
  it('is text for people: no JSON, the stack below', async () => {
    const lines = seen<string>()
    const app = createApp(
      entrypoint((_, { log }) =>
        pipe(
          TE.rightIO(log.info('a fact', { step: 2, text: 'words' })),
          TE.chain(() => () => Promise.reject(new Error('broken inside'))),
        ),
      ),
      { log: { format: 'pretty', destination: lines.add } },
    )
    await invoke(app, {}, headers)
    expect(lines.all[0]).toMatch(/INFO.* a fact .*requestId=request-1 sessionId=session-1 step=2 text=words/)
    expect(lines.all[1]).toMatch(/ERROR.* Invocation failed .*errorMessage=broken inside[^]*\n {4}at /)
    for (const line of lines.all) expect(line).not.toMatch(/^\{|"message"/)
  })
})

describe('a request', () => {
  const cyclic: Record<string, unknown> = { name: 'loop' }
  cyclic['self'] = cyclic

  it.each<[string, unknown]>([
    ['a BigInt', 12n],
    ['a cycle', cyclic],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an invalid date', new Date(Number.NaN)],
    [
      'a Map with any keys',
      new Map<unknown, unknown>([
        [{}, 1],
        ['a', 2n],
      ]),
    ],
    [
      'a getter that throws',
      {
        get it(): never {
          throw new Error('no')
        },
      },
    ],
    [
      'a toJSON that throws',
      {
        toJSON: (): never => {
          throw new Error('no')
        },
      },
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no')
          },
        },
      ),
    ],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['an endless nesting', Array.from({ length: 5000 }).reduce<unknown>((inner) => [inner], 1)],
  ])('survives a field that is %s', async (_, field) => {
    for (const format of ['json', 'pretty'] as const) {
      const lines = seen<string>()
      const app = logging({ field }, { format, destination: lines.add })
      expect(await invoke(app, {})).toMatchObject({ status: 200, body: 'answered' })
      expect(lines.all.filter((line) => line.includes('a fact'))).toHaveLength(1)
    }
  })

  it('survives a destination that throws, and so do the next ones', async () => {
    const destination = (): never => {
      throw new Error('the disk is full')
    }
    const app = logging({}, { format: 'json', destination })
    expect(await invoke(app, {})).toMatchObject({ status: 200, body: 'answered' })
    expect(await invoke(app, {})).toMatchObject({ status: 200, body: 'answered' })
    expect((await app.inject('/ping')).status).toBe(200)
    expect((await app.inject('/invocations', { body: '{' })).status).toBe(400)
  })
})

describe('standard output', () => {
  it('gets JSON lines where it is no terminal, though nothing was set', async () => {
    await withChild('runChild', { args: ['plain'], env: { PORT: '0' } }, async (child) => {
      const line = JSON.parse(await child.line('Listening on')) as Line
      expect(line).toMatchObject({ level: 'INFO', logger: 'agentcore-fp' })
    })
  })
})
