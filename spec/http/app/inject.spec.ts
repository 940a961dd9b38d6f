/** An agent in memory: HTTP, streams and sockets without a port, handlers as plain functions, time by hand. */
import { once } from 'node:events'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, createApp, entrypoint, Handler, ping, provide, websocket } from '../../../lib'
import { collect, inject, openSocket, testClock, testContext, testSocket } from '../../../lib/testing'
import { aborted, after, failureOf, gate, injected, textsOf, valuesIn } from '../support'

const echo = entrypoint((payload) => TE.right(payload))

describe('inject', () => {
  it('takes what fetch takes, and gives what fetch gives', async () => {
    const send = inject(echo)
    const response = await send('/invocations', { body: { a: 1 } })
    expect(response).toBeInstanceOf(Response)
    expect([response.ok, response.status, response.headers.get('content-type')]).toEqual([
      true,
      200,
      'application/json',
    ])
    expect(await response.json()).toEqual({ a: 1 })
  })

  it('is a GET without a body, a POST with one, or what it is told to be', async () => {
    const send = inject(echo)
    expect((await send('/ping')).status).toBe(200)
    expect((await send('/invocations')).status).toBe(405)
    expect((await send('/invocations', { body: null })).status).toBe(200)
    expect((await send('/ping', { method: 'HEAD' })).status).toBe(200)
    expect(await (await send('/ping', { method: 'HEAD' })).text()).toBe('')
    expect((await send('/invocations', { method: 'PUT', body: 1 })).status).toBe(405)
  })

  it('sends text and bytes as they are, anything else as JSON', async () => {
    const send = inject(echo)
    for (const [body, text] of [
      ['"text"', '"text"'],
      [Buffer.from('[1]'), '[1]'],
      [{ a: 1 }, '{"a":1}'],
      [7, '7'],
      [false, 'false'],
    ] as const) {
      expect(await (await send('/invocations', { body })).text()).toBe(text)
    }
  })

  it('a failure is a response, not a rejection', () =>
    injected(
      entrypoint(() => TE.left(AgentError.rejected(409, 'Busy'))),
      async ({ send }) =>
        expect(await failureOf(await send('/invocations', { body: {} }))).toMatchObject({ status: 409, error: 'Busy' }),
    ))

  it('a stream is read as it is made', async () => {
    const more = gate()
    const agent = entrypoint(
      Handler.fromGenerator(async function* () {
        yield 1
        await more.opened
        yield 2
      }),
    )
    await injected(agent, async ({ send }) => {
      const texts = textsOf(await send('/invocations', { body: {} }))
      expect((await texts.next()).value).toBe('data: 1\n\n')
      more.open()
      expect((await texts.next()).value).toBe('data: 2\n\n')
      expect((await texts.next()).done).toBe(true)
    })
  })

  it('a signal makes the client leave, before the answer and during a stream', async () => {
    const [entered, left] = [gate(), gate()]
    const agent = entrypoint((_, { signal }) =>
      TE.fromTask(async () => {
        entered.open()
        await aborted(signal)
        left.open()
      }),
    )
    await injected(agent, async ({ send }) => {
      const leave = new AbortController()
      const sent = send('/invocations', { body: {}, signal: leave.signal })
      await entered.opened
      leave.abort()
      await expect(sent).rejects.toThrow()
      await left.opened
    })
  })

  it('a body that is given up ends the stream', async () => {
    const left = gate()
    const agent = entrypoint(
      Handler.fromGenerator(async function* (_, { signal }) {
        yield 1
        await aborted(signal)
        left.open()
      }),
    )
    await injected(agent, async ({ send }) => {
      const response = await send('/invocations', { body: {} })
      await response.body?.cancel()
      await left.opened
    })
  })

  it('sessions last from one request to the next', async () => {
    const counter = Handler.stateful(t.number, 0)(() => (count: number) => () => TE.right([count + 1, count + 1]))
    const send = inject(entrypoint(counter))
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 'one' }
    const ask = async (more = {}): Promise<unknown> =>
      (await send('/invocations', { body: {}, headers: { ...headers, ...more } })).json()
    expect([await ask(), await ask(), await ask({ 'x-amzn-bedrock-agentcore-runtime-session-id': 'two' })]).toEqual([
      1, 2, 1,
    ])
  })

  it('many requests at once', async () => {
    const send = inject(echo)
    const answers = await Promise.all(
      [...Array(100).keys()].map(async (n) => (await send('/invocations', { body: n })).json()),
    )
    expect(answers).toEqual([...Array(100).keys()])
  })

  it('a large body both ways', async () => {
    const body = JSON.stringify('x'.repeat(5_000_000))
    expect((await (await inject(echo)('/invocations', { body })).text()).length).toBe(body.length)
  })

  it('headers that come twice are both there', async () => {
    const app = createApp(echo, { log: { level: 'silent' } })
    app.use((ctx, next) => {
      ctx.append('set-cookie', ['a=1', 'b=2'])
      return next()
    })
    expect((await app.inject('/ping')).headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('logs nothing unless told to', async () => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
    try {
      await (await inject(echo)('/invocations', { body: {} })).text()
      expect(write).not.toHaveBeenCalled()
    } finally {
      write.mockRestore()
    }
  })
})

describe('sockets', () => {
  const shouting = websocket((socket) =>
    TE.fromTask(async () => {
      for await (const message of socket.messages) await socket.send(String(message).toUpperCase())()
    }),
  )

  it('a socket without a port', async () => {
    const app = createApp(shouting, { log: { level: 'silent' } })
    const client = await openSocket(app)
    client.send('"hello"')
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(data.toString('utf8')).toBe('"HELLO"')
    client.close(1000)
    const [code] = (await once(client, 'close')) as [number]
    expect(code).toBe(1000)
    await app.stop()
  })

  it('a refusal rejects', async () => {
    const app = createApp(
      pipe(
        provide(() => TE.left<AgentError.AgentError, {}>(AgentError.rejected(403, 'No'))),
        shouting,
      ),
      { log: { level: 'silent' } },
    )
    await expect(openSocket(app)).rejects.toThrow('403')
    await app.stop()
  })
})

describe('handlers as plain functions', () => {
  const greet: Handler.Handler<{ readonly name: string }, string, { readonly greeting: string }> = (
    { name },
    { state, sessionId },
  ) => TE.right(`${state.greeting}, ${name} of ${sessionId}`)

  it('an answer, from a context with state', async () => {
    const context = testContext({ sessionId: 'here', state: { greeting: 'Hi' } })
    expect(await greet({ name: 'Ann' }, context)()).toEqual(E.right('Hi, Ann of here'))
  })

  it('a context has what it is told, by the same rules as one of a request', () => {
    const context = testContext({ headers: { 'X-Custom': 'v', Cookie: 'c' }, userId: 'u', deadline: 7 })
    expect(context.headers.get('x-CUSTOM')).toEqual(O.some('v'))
    expect(context.headers.get('cookie')).toEqual(O.none)
    expect([context.userId, context.deadline, context.workloadAccessToken]).toEqual([O.some('u'), O.some(7), O.none])
    expect(Object.isFrozen(context)).toBe(true)
    expect(() => testContext({ sessionId: 'no id' })).toThrow('not a session id')
  })

  it('what it logs', async () => {
    const lines: Array<unknown> = []
    const context = testContext({ onLog: (level, message, fields) => void lines.push([level, message, fields]) })
    await Handler.fromSync((_: unknown, { log }) => log.warn('careful', { a: 1 }))(null, context)()
    expect(lines).toEqual([['warn', 'careful', { a: 1 }]])
  })

  it('all values of a stream, or the one value', async () => {
    const stream = Handler.fromGenerator(function* (n: number) {
      for (let i = 0; i < n; i += 1) yield i
    })
    expect(await collect(stream(3, testContext()))()).toEqual(E.right([0, 1, 2]))
    expect(await collect(TE.right('one'))()).toEqual(E.right(['one']))
  })

  it('a socket whose peer is the test', async () => {
    const { socket, sent } = testSocket<unknown>(['a', 'b'])
    const repeat = Handler.fromMessages(async function* (messages: AsyncIterable<unknown>) {
      for await (const message of messages) yield [message, message]
    })
    expect(await repeat(socket, testContext())()).toEqual(E.right(undefined))
    expect(sent).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
  })

  it('tasks and session state work without a server', async () => {
    const context = testContext()
    expect(await context.tasks.track('t')(TE.right(1))()).toEqual(E.right(1))
    expect(await context.session.save({ a: 1 })()).toEqual(E.right(undefined))
    expect(await context.session.load()).toEqual(E.right(O.some({ a: 1 })))
  })
})

describe('time by hand', () => {
  it('the moment of /ping', () => {
    const clock = testClock(5_000_000)
    const tasks: Array<number> = []
    const agent = entrypoint((payload, context) =>
      TE.fromIO(() =>
        payload === 'begin' ? void tasks.push(context.tasks.add('t')()) : context.tasks.complete(tasks[0] ?? 0)(),
      ),
    )
    return injected(
      agent,
      async ({ send }) => {
        const look = async (): Promise<unknown> => (await send('/ping')).json()
        expect(await look()).toEqual({ status: 'Healthy', time_of_last_update: 5000 })
        clock.advance(10_000)
        expect(await look()).toEqual({ status: 'Healthy', time_of_last_update: 5000 })
        await (await send('/invocations', { body: '"begin"' })).text()
        clock.advance(10_000)
        expect(await look()).toEqual({ status: 'HealthyBusy', time_of_last_update: 5010 })
        await (await send('/invocations', { body: '"end"' })).text()
        expect(await look()).toEqual({ status: 'Healthy', time_of_last_update: 5020 })
      },
      { clock },
    )
  })

  it('a deadline', () => {
    const clock = testClock()
    const entered = gate()
    const agent = entrypoint((_, { signal }) =>
      TE.fromTask(async () => {
        entered.open()
        await aborted(signal)
      }),
    )
    return injected(
      agent,
      async ({ send }) => {
        const sent = send('/invocations', { body: {} })
        await entered.opened
        clock.advance(60_000)
        expect(await failureOf(await sent)).toMatchObject({ status: 504 })
        expect(clock.pending()).toBe(0)
      },
      { clock, deadline: 60_000 },
    )
  })

  it('a ping handler that takes too long', () => {
    const clock = testClock()
    const asked = gate()
    return injected(
      pipe(
        echo,
        ping(() => after(asked.open(), new Promise<never>(() => undefined))),
      ),
      async ({ send }) => {
        const sent = send('/ping')
        await asked.opened
        clock.advance(1000)
        expect(await (await sent).json()).toMatchObject({ status: 'Healthy' })
      },
      { clock },
    )
  })
})

it('the same agent on a port and in memory says the same', async () => {
  const send = inject(entrypoint(Handler.fromGenerator(() => [1, 'a', null])))
  expect(valuesIn(await (await send('/invocations', { body: {} })).text())).toEqual([1, 'a', null])
})
