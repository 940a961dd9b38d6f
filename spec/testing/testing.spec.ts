/** `agentcore-fp/testing`: handlers as pure functions, agents in memory, time by hand. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { AgentError, asyncTask, createApp, entrypoint, Handler, ping, provide, Reply, Sse, websocket } from '../../lib'
import type { Context } from '../../lib/core/Context'
import type { PlainContext } from '../../lib/core/PlainContext'
import type { Level } from '../../lib/core/Log'
import { collect, inject, openSocket, readEvents, testClock, testContext, testSocket } from '../../lib/testing'

const Prompt = t.type({ prompt: t.string })
type Prompt = t.TypeOf<typeof Prompt>

interface User {
  readonly user: string
}

const Count = t.type({ n: t.number })

describe('a handler is a pure function in a test:', () => {
  it('a plain one', async () => {
    const hello = Handler.fromSync(({ prompt }: Prompt) => `hello ${prompt}`)
    expect(await hello({ prompt: 'ann' }, testContext())()).toEqual(E.right('hello ann'))
  })

  it('one that throws', async () => {
    const broken = Handler.fromSync((): string => {
      throw AgentError.rejected(418, 'tea')
    })
    expect(await broken({}, testContext())()).toEqual(E.left(AgentError.rejected(418, 'tea')))
  })

  it('an async one', async () => {
    const hello = Handler.fromAsync(({ prompt }: Prompt, { sessionId }) => Promise.resolve(`${prompt} ${sessionId}`))
    expect(await hello({ prompt: 'hi' }, testContext({ sessionId: 'session-1' }))()).toEqual(E.right('hi session-1'))
  })

  it('a generator, sync or async', async () => {
    const sync = Handler.fromGenerator(function* ({ prompt }: Prompt) {
      yield* prompt
    })
    const slow = Handler.fromGenerator(async function* ({ prompt }: Prompt) {
      yield* prompt
    })
    expect(await collect(sync({ prompt: 'ab' }, testContext()))()).toEqual(E.right(['a', 'b']))
    expect(await collect(slow({ prompt: 'ab' }, testContext()))()).toEqual(E.right(['a', 'b']))
  })

  it('a reader', async () => {
    const whoAmI = Handler.fromReader(() => RTE.asks(({ userId }: Context) => O.toNullable(userId)))
    expect(await whoAmI({}, testContext({ userId: 'ann' }))()).toEqual(E.right('ann'))
  })

  it('one that asks for state', async () => {
    const greet = Handler.fromSync((_: unknown, { state }: PlainContext<User>) => `hello ${state.user}`)
    expect(await greet({}, testContext({ state: { user: 'ann' } }))()).toEqual(E.right('hello ann'))
  })

  it('one with a session, from one call to the next', async () => {
    const count = Handler.stateful(Count, { n: 0 })(
      () =>
        ({ n }) =>
        () =>
          TE.right([n, { n: n + 1 }]),
    )
    const context = testContext()
    expect([await count({}, context)(), await count({}, context)()]).toEqual([E.right(0), E.right(1)])
    expect(await context.session.load()).toEqual(E.right(O.some({ n: 2 })))
    expect(await count({}, testContext())()).toEqual(E.right(0))
  })

  it('one with a session that streams', async () => {
    const count = Handler.statefulGenerator(Count, { n: 5 })(
      () =>
        ({ n }) =>
          function* () {
            yield n
            return { n: n + 1 }
          },
    )
    const context = testContext()
    expect(await collect(count({}, context))()).toEqual(E.right([5]))
    expect(await collect(count({}, context))()).toEqual(E.right([6]))
  })

  it('a task', async () => {
    const work = asyncTask('work', () => Promise.resolve(7))
    const context = testContext({ clock: testClock(5) })
    expect(await work({}, context)()).toEqual(E.right(7))
    expect(context.tasks.list()).toMatchObject([
      { name: 'work', startedAt: 5, outcome: { _tag: 'Completed', result: 7 } },
    ])
  })

  it('a socket handler', async () => {
    const echo = Handler.fromMessages<string, string>(async function* (messages) {
      for await (const message of messages) yield message.toUpperCase()
    })
    const peer = testSocket<string, string>(['a', 'b'])
    expect(await echo(peer.socket, testContext())()).toEqual(E.right(undefined))
    expect(peer.sent).toEqual(['A', 'B'])
  })

  it('one that answers the latest message', async () => {
    const answer = Handler.latest<string, string>(function* (message) {
      yield `${message}!`
    })
    const peer = testSocket<string, string>(['a'])
    expect(await answer(peer.socket, testContext())()).toEqual(E.right(undefined))
    expect(peer.sent).toEqual(['a!'])
  })
})

describe('testContext', () => {
  it('has every value of a request, and none where nothing was said', () => {
    const { sessionId, requestId, userId, headers, trace, deadline, workloadAccessToken, oauth2CallbackUrl, state } =
      testContext({
        requestId: 'r',
        headers: { 'X-Api-Key': 'k', Traceparent: '00-1' },
        workloadAccessToken: 'wat',
        oauth2CallbackUrl: 'https://back',
        deadline: 9,
      })
    expect(sessionId.length).toBeGreaterThanOrEqual(33)
    expect([requestId, userId, state]).toEqual(['r', O.none, {}])
    expect([headers.get('x-api-key'), headers.get('X-API-KEY'), trace.traceparent]).toEqual([
      O.some('k'),
      O.some('k'),
      O.some('00-1'),
    ])
    expect([workloadAccessToken, oauth2CallbackUrl, deadline]).toEqual([
      O.some('wat'),
      O.some('https://back'),
      O.some(9),
    ])
  })

  it('is immutable, and throws for a session id that is none', () => {
    const context = testContext({ state: { user: 'ann' } })
    expect([Object.isFrozen(context), Object.isFrozen(context.state)]).toEqual([true, true])
    expect(() => testContext({ sessionId: 'a b' })).toThrow('not a session id')
  })

  it('tells what was logged', () => {
    const lines: Array<readonly [Level, string, object]> = []
    const { log } = testContext({ onLog: (...line) => lines.push(line) })
    log.info('a')()
    log.error('b', { c: 1 })()
    expect(lines).toEqual([
      ['info', 'a', {}],
      ['error', 'b', { c: 1 }],
    ])
  })

  it('has tasks and a lock that work, by its clock and its signal', async () => {
    const [clock, leaving] = [testClock(), new AbortController()]
    const { tasks, session } = testContext({ clock, signal: leaving.signal })
    const { outcome } = tasks.fork('work', { deadline: 10 })(TE.fromTask(() => new Promise<never>(() => undefined)))()
    clock.advance(10)
    expect(await outcome()).toEqual(E.left(AgentError.deadlineExceeded))
    expect(E.isRight(await session.lock())).toBe(true)
    const second = session.lock()
    leaving.abort()
    expect(await second).toEqual(E.left(AgentError.cancelled))
  })
})

describe('testClock', () => {
  it('stands still until it is moved, and runs what falls due in its order', () => {
    const clock = testClock(100)
    const ran: Array<unknown> = []
    clock.after(20, () => ran.push(['b', clock.now()]))
    clock.after(10, () => {
      ran.push(['a', clock.now()])
      clock.after(5, () => ran.push(['c', clock.now()]))
    })
    const cancel = clock.after(15, () => ran.push('never'))
    cancel()
    expect([clock.now(), clock.pending()]).toEqual([100, 2])
    clock.advance(9)
    expect(ran).toEqual([])
    clock.advance(11)
    expect(ran).toEqual([
      ['a', 110],
      ['c', 115],
      ['b', 120],
    ])
    expect([clock.now(), clock.pending()]).toEqual([120, 0])
  })
})

describe('testSocket', () => {
  it('lets a test be the peer: say, listen and leave', async () => {
    const peer = testSocket<number, number>([], { stay: true })
    const double = Handler.fromMessages<number, number>(async function* (messages) {
      for await (const n of messages) yield n * 2
    })
    const done = double(peer.socket, testContext())()
    peer.say(1)
    peer.say(2)
    await new Promise((resolve) => setImmediate(resolve))
    expect(peer.sent).toEqual([2, 4])
    peer.leave()
    expect(await done).toEqual(E.right(undefined))
  })

  it('tells the code that the agent closes with; what is sent then is a left', async () => {
    const peer = testSocket<never>([], { stay: true })
    expect(peer.closedWith()).toEqual(O.none)
    peer.socket.close(4000)()
    expect(peer.closedWith()).toEqual(O.some(4000))
    expect(await peer.socket.send(1)()).toEqual(E.left(AgentError.socketClosed(4000)))
    expect(await peer.socket.receive()).toEqual(E.right(O.none))
  })
})

describe('collect', () => {
  const bare = (values: Iterable<unknown>): Iterator<unknown> => {
    const iterator = values[Symbol.iterator]()
    return { next: () => iterator.next() }
  }

  it.each<[string, unknown, ReadonlyArray<unknown>]>([
    ['one value', { a: 1 }, [{ a: 1 }]],
    ['an array, which is one value', [1, 2], [[1, 2]]],
    ['a JSON reply', Reply.json([1]), [[1]]],
    ['a text reply', Reply.text('a'), ['a']],
    ['a bytes reply', Reply.bytes(Uint8Array.of(1)), [Uint8Array.of(1)]],
    ['an empty reply', Reply.empty, []],
    ['a stream of events', Reply.events([1, 2]), [1, 2]],
    ['a bare iterator', bare([1, 2]), [1, 2]],
  ])('gives the values of %s', async (_, answer, values) => {
    expect(await collect(TE.right(answer))()).toEqual(E.right(values))
  })

  it('is left as the handler, and with what the stream threw', async () => {
    const broken = async function* (): AsyncGenerator<number> {
      yield 1
      throw AgentError.rejected(409, 'no')
    }
    expect(await collect(TE.left(AgentError.notAcceptable))()).toEqual(E.left(AgentError.notAcceptable))
    expect(await collect(TE.right(broken()))()).toEqual(E.left(AgentError.rejected(409, 'no')))
  })
})

describe('inject', () => {
  const agent = pipe(
    entrypoint(Prompt, ({ prompt }, { state }: Context<User>) => TE.right(`${state.user}: ${prompt}`)),
    provide(() => TE.right({ user: 'ann' })),
    ping(() => 'HealthyBusy'),
  )

  it('sends requests to an agent without a port, and logs nothing', async () => {
    const written = jest.spyOn(process.stdout, 'write')
    const send = inject(agent)
    const answer = await send('/invocations', { body: { prompt: 'hi' } })
    expect([answer.status, await answer.json()]).toEqual([200, 'ann: hi'])
    expect((await send('/invocations', { body: {} })).status).toBe(400)
    expect(await (await send('/ping')).json()).toMatchObject({ status: 'HealthyBusy' })
    expect((await send('/nowhere')).status).toBe(404)
    expect(written).not.toHaveBeenCalled()
    written.mockRestore()
  })

  it('takes the options of an app, a clock for one', async () => {
    const send = inject(entrypoint(Handler.fromSync(() => 1)), { clock: testClock(7_900) })
    expect(await (await send('/ping')).json()).toEqual({ status: 'Healthy', time_of_last_update: 7 })
  })

  it('streams, and tells the handler when the test leaves', async () => {
    let isEnded = false
    const send = inject(
      entrypoint(
        Handler.fromGenerator(async function* (_, { signal }) {
          try {
            yield 1
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          } finally {
            isEnded = true
          }
        }),
      ),
    )
    const answer = await send('/invocations', { body: {} })
    const reader = answer.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n')
    await reader?.cancel()
    for (let turn = 0; turn < 20 && !isEnded; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(isEnded).toBe(true)
  })
})

describe('openSocket', () => {
  const app = createApp(
    websocket((socket, { sessionId }) =>
      pipe(
        socket.send([sessionId, O.toNullable(socket.protocol)]),
        TE.chain(() => socket.receive),
        TE.chain((message) => socket.send(O.toUndefined(message))),
      ),
    ),
    { log: { level: 'silent' } },
  )

  it('opens a real socket without a port: headers, query, subprotocol, messages, close', async () => {
    const client = await openSocket(app, {
      path: '/ws?X-Amzn-Bedrock-AgentCore-Runtime-Session-Id=session-9',
      protocols: ['chat'],
    })
    const heard: Array<unknown> = []
    const closed = new Promise<number>((resolve) => client.once('close', resolve))
    client.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString())))
    client.send('{"a":1}')
    expect(await closed).toBe(1000)
    expect(heard).toEqual([['session-9', 'chat'], { a: 1 }])
  })

  it('rejects where the upgrade is refused', async () => {
    await expect(openSocket(app, { path: '/nowhere' })).rejects.toThrow('404')
    await app.stop({ timeout: 0 })
    await expect(openSocket(app)).rejects.toThrow('503')
  })
})

describe('readEvents', () => {
  const send = inject(
    entrypoint(
      Handler.fromGenerator(function* (payload: unknown) {
        yield 'one'
        yield Sse.event({ event: 'usage', id: '7', data: { tokens: 2 } })
        yield Sse.raw({ data: 'no JSON' })
        if (payload === 'fail') throw AgentError.rejected(409, 'enough')
      }),
    ),
  )
  const post = (body: string): Promise<Response> => send('/invocations', { method: 'POST', body })

  it('gives every event of a response, with its name, id and decoded data', async () => {
    expect(await readEvents(await post('{}'))).toEqual([
      { event: 'message', data: 'one' },
      { event: 'usage', id: '7', data: { tokens: 2 } },
      { event: 'message', data: 'no JSON' },
    ])
  })

  it('gives a failure as the last event', async () => {
    const events = await readEvents(await post('"fail"'))
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { error: 'enough', error_type: 'REJECTED' } })
  })

  it('rejects for a response that is no stream, with what it is', async () => {
    await expect(readEvents(await post('no JSON'))).rejects.toThrow(
      /^Not a stream of events: status 400, content type application\/json, .*INVALID_JSON/,
    )
  })
})
