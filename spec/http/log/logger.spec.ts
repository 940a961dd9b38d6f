/** A logger of the user's own: pino, or one with the methods of console. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { pino } from 'pino'
import { type App, type ConsoleLike, createApp, entrypoint, type LogOptions } from '../../../lib'
import { invoke, type Line, requestHeader, sessionHeader } from '../socketSupport'

const headers = { [sessionHeader]: 'session-1', [requestHeader]: 'request-1' }

const token = 'abc.def.ghi-token'

/** A pino logger, and what it writes. */
const toPino = (level = 'info'): { readonly logger: pino.Logger; readonly lines: Array<Line> } => {
  const lines: Array<Line> = []
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line)
  return { logger: pino({ level }, { write }), lines }
}

/** A logger with the methods of console, and its calls. */
const toConsole = (): { readonly logger: ConsoleLike; readonly calls: Array<ReadonlyArray<unknown>> } => {
  const calls: Array<ReadonlyArray<unknown>> = []
  const to =
    (level: string) =>
    (...args: ReadonlyArray<unknown>): void =>
      void calls.push([level, ...args])
  return { logger: { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') }, calls }
}

const agent = (log: LogOptions, error?: Error): App =>
  createApp(
    entrypoint((_, { log: write }) =>
      pipe(
        TE.rightIO(write.debug('a detail')),
        TE.chainFirstIOK(() =>
          write.info(`a fact of ${token}`, {
            step: 2,
            password: 'p',
            email: 'e',
            deep: [{ text: token }],
            ...(error === undefined ? {} : { error }),
          }),
        ),
        TE.map(() => 'answered'),
      ),
    ),
    { log },
  )

describe('a pino logger', () => {
  it('writes the lines of a request, with its ids and without its secrets', async () => {
    const { logger, lines } = toPino()
    const app = agent({ logger, redact: ['Email'] }, new Error(`bad ${token}`))
    await invoke(app, {}, { ...headers, authorization: `Bearer ${token}` })
    expect(lines).toMatchObject([
      {
        level: 30,
        msg: 'a fact of [redacted]',
        requestId: 'request-1',
        sessionId: 'session-1',
        step: 2,
        password: '[redacted]',
        email: '[redacted]',
        deep: [{ text: '[redacted]' }],
        errorType: 'Error',
        errorMessage: 'bad [redacted]',
      },
      { level: 30, msg: 'Invocation completed', requestId: 'request-1', sessionId: 'session-1', status: 200 },
    ])
    expect(JSON.stringify(lines)).not.toContain(token)
  })

  it.each([
    ['debug', undefined, ['a detail', `a fact of ${token}`, 'Invocation completed']],
    ['warn', undefined, []],
    ['debug', 'silent', []],
    ['silent', 'debug', []],
  ] as const)('of level %s writes what level %s of the app lets through', async (level, least, messages) => {
    const { logger, lines } = toPino(level)
    await invoke(agent(least === undefined ? { logger } : { logger, level: least }), {})
    expect(lines.map(({ msg }) => msg)).toEqual(messages)
  })

  it('has one child for a request, whatever it logs', async () => {
    const { logger } = toPino('debug')
    const child = jest.spyOn(logger, 'child')
    const app = agent({ logger })
    await invoke(app, {}, headers)
    await invoke(app, {}, headers)
    expect(child.mock.calls).toEqual([
      [{ requestId: 'request-1', sessionId: 'session-1' }],
      [{ requestId: 'request-1', sessionId: 'session-1' }],
    ])
  })

  it('is flushed when the app has stopped', async () => {
    const { logger } = toPino()
    const flush = jest.spyOn(logger, 'flush')
    const app = agent({ logger })
    await invoke(app, {})
    expect(flush).not.toHaveBeenCalled()
    await app.stop()
    expect(flush).toHaveBeenCalledTimes(1)
  })
})

describe('a logger with the methods of console', () => {
  it('is called with the message, and the ids and fields', async () => {
    const { logger, calls } = toConsole()
    await invoke(agent({ logger }), {}, headers)
    const ids = { requestId: 'request-1', sessionId: 'session-1' }
    expect(calls).toEqual([
      ['debug', 'a detail', ids],
      ['info', `a fact of ${token}`, { ...ids, step: 2, password: '[redacted]', email: 'e', deep: [{ text: token }] }],
      ['info', 'Invocation completed', { ...ids, status: 200, duration: expect.any(Number) as number }],
    ])
  })

  it('may be console, or an object that takes fewer arguments', () => {
    expect(() => agent({ logger: console })).not.toThrow()
    const warnings: Array<string> = []
    const only = (message: string): number => warnings.push(message)
    expect(() => agent({ logger: { debug: only, info: only, warn: only, error: only } })).not.toThrow()
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('it throws')
      },
    ],
    ['rejects', () => Promise.reject(new Error('it rejects'))],
  ])('fails no request when it %s', async (_, method) => {
    const app = agent({ logger: { debug: method, info: method, warn: method, error: method } })
    expect(await invoke(app, {})).toMatchObject({ status: 200, body: 'answered' })
    expect(await invoke(app, {})).toMatchObject({ status: 200, body: 'answered' })
  })
})
