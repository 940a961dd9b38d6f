/** Plain functions that answer invocations: on the wire, as their callers see them. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import * as functional from '../../lib'
import {
  AgentError,
  asyncTask,
  cancellable,
  type Context,
  entrypoint,
  pipe,
  provide,
  rejected,
  Reply,
  Sse,
  stateful,
  use,
  wrap,
} from '../../lib/plain'
import { spoken } from './support'

const Prompt = z.object({ prompt: z.string() })

const nothing = (): void => undefined

/** A function as JavaScript calls it. Taken as `unknown`, since the linter needs minutes to compare its overloads. */
const untyped = (f: unknown) => f as (...args: ReadonlyArray<unknown>) => unknown

type Case = readonly [name: string, agent: functional.Agent.Agent]

describe('entrypoint', () => {
  it.each<Case>([
    ['a sync function', entrypoint(Prompt, ({ prompt }) => ({ said: prompt }))],
    ['an async function', entrypoint(Prompt, async ({ prompt }) => sleep(1, { said: prompt }))],
    ['an io-ts codec', entrypoint(t.type({ prompt: t.string }), ({ prompt }) => ({ said: prompt }))],
    [
      'a pair of codecs',
      entrypoint({ inbound: Prompt, outbound: z.object({ said: z.string() }) }, ({ prompt }) => ({ said: prompt })),
    ],
  ])('answers with what %s gives', async (_, agent) => {
    expect(await spoken(agent).post({ prompt: 'hi' })).toMatchObject({ status: 200, body: { said: 'hi' } })
  })

  it.each<Case>([
    [
      'an async generator',
      entrypoint(Prompt, async function* ({ prompt }) {
        yield* prompt.split(' ')
      }),
    ],
    [
      'a generator',
      entrypoint(Prompt, function* ({ prompt }) {
        yield* prompt.split(' ')
      }),
    ],
    ['a promise of an iterator', entrypoint(Prompt, async ({ prompt }) => prompt.split(' ').values())],
  ])('streams %s', async (_, agent) => {
    expect(await spoken(agent).post({ prompt: 'one two' })).toMatchObject({ status: 200, body: ['one', 'two'] })
  })

  it('rejects a client that accepts no stream before a generator runs', async () => {
    let runs = 0
    const agent = entrypoint(async function* () {
      runs += 1
      yield 1
    })
    expect((await spoken(agent).post({}, { accept: 'application/json' })).status).toBe(406)
    expect(runs).toBe(0)
  })

  it('encodes a stream value by value, the data of events too, and ends with an error where one does not fit', async () => {
    const agent = entrypoint({ inbound: z.array(z.unknown()), outbound: z.number() }, async function* (values) {
      yield Sse.event({ event: 'first', data: 0 })
      for (const value of values) yield value as number
    })
    expect((await spoken(agent).post([1, 2])).body).toEqual([0, 1, 2])
    expect((await spoken(agent).post([1, 'two', 3])).body).toEqual([
      0,
      1,
      expect.objectContaining({ error_type: 'UNENCODABLE' }),
    ])
  })

  it.each([
    [
      'an error of rejected',
      rejected(409, 'Sold out', { item: 'tea' }),
      409,
      { error: 'Sold out', code: 'REJECTED', details: { item: 'tea' } },
    ],
    ['an AgentError', AgentError.rejected(402, 'Pay'), 402, { error: 'Pay' }],
    ['an HTTP error', Object.assign(new Error('No'), { status: 403, expose: true }), 403, { error: 'No' }],
    ['any other error, without its message', new Error('a secret'), 500, { error: 'Internal Server Error' }],
  ])('is refused by a throw of %s', async (_, thrown, status, body) => {
    const fail = (): never => {
      throw thrown
    }
    expect(await spoken(entrypoint(fail)).post({})).toMatchObject({ status, body })
    expect(await spoken(entrypoint(async () => fail())).post({})).toMatchObject({ status, body })
  })

  it('gives a reply as it is', async () => {
    const answer = await spoken(entrypoint(() => pipe(Reply.json({ id: 7 }), Reply.withStatus(201)))).post({})
    expect(answer).toMatchObject({ status: 201, body: { id: 7 } })
  })
})

describe('the context', () => {
  it('acts when it is called, and shows what is absent as undefined', async () => {
    const agent = entrypoint(async (_, { log, session, userId, deadline, headers, trace, tasks }) => {
      log.info('seen', { n: 1 })
      const before = await session.load()
      await session.save({ n: 1 })
      const { id, done } = tasks.fork('job', async () => 'worked')
      await done
      return [
        before === undefined,
        await session.load(),
        userId,
        deadline === undefined,
        headers.get('x-none') === undefined,
        trace.traceparent === undefined,
        tasks.get(id)?.result,
      ]
    })
    const { post, logged } = spoken(agent)
    expect((await post({}, { 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': 'ann' })).body).toEqual([
      true,
      { n: 1 },
      'ann',
      true,
      true,
      true,
      'worked',
    ])
    expect(logged().filter(({ message }) => message === 'seen')).toEqual([
      expect.objectContaining({ n: 1, sessionId: 'one' }),
    ])
  })

  it('loads and saves state by a codec, and throws what is invalid', async () => {
    const State = z.object({ n: z.number() })
    const agent = entrypoint(z.unknown(), async (payload, { session }) => {
      if (payload === 'break') await session.save({ n: 'one' })
      if (payload === 'save') await session.save({ n: 7 }, State)
      if (payload === 'save wrong') await session.save({ n: 'x' } as unknown as { n: number }, State)
      return (await session.load(State))?.n ?? null
    })
    const { post } = spoken(agent)
    expect((await post('load')).body).toBe(null)
    expect((await post('save')).body).toBe(7)
    expect(await post('save wrong')).toMatchObject({ status: 500, body: { code: 'INVALID_STATE' } })
    expect((await post('load')).body).toBe(7)
    expect(await post('break')).toMatchObject({ status: 500, body: { code: 'INVALID_STATE' } })
  })
})

describe('stateful', () => {
  const History = z.array(z.string())

  it.each<readonly [name: string, handler: unknown, bodies: ReadonlyArray<unknown>]>([
    [
      'returns it',
      stateful(History, [], async ({ prompt }: z.infer<typeof Prompt>, history) => [
        history.length,
        [...history, prompt],
      ]),
      [0, 1, 2],
    ],
    [
      'is a generator that returns it',
      stateful(History, [], async function* ({ prompt }: z.infer<typeof Prompt>, history) {
        yield history.length
        return [...history, prompt]
      }),
      [[0], [1], [2]],
    ],
  ])('hands the state on of a function that %s', async (_, handler, expected) => {
    const { post } = spoken(
      entrypoint(Prompt, handler as (payload: z.infer<typeof Prompt>, context: Context) => unknown),
    )
    const bodies = []
    for (const prompt of ['a', 'b', 'c']) bodies.push((await post({ prompt })).body)
    expect(bodies).toEqual(expected)
  })

  it('runs invocations of one session one at a time', async () => {
    const { post } = spoken(entrypoint(stateful(z.number(), 0, async (_, n) => sleep(2, [n + 1, n + 1] as const))))
    const bodies = await Promise.all([1, 2, 3, 4].map(async () => (await post({})).body))
    expect([...bodies].sort()).toEqual([1, 2, 3, 4])
  })

  it('leaves the state as it was when the function throws, and gives the lock back', async () => {
    const { post } = spoken(
      entrypoint(
        stateful(z.number(), 0, async (payload, n) => {
          if (payload === 'fail') throw rejected(400, 'no')
          return [n, n + 1]
        }),
      ),
    )
    const answers = [await post(1), await post('fail'), await post(1)]
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 200])
    expect(answers[2]?.body).toBe(1)
  })

  it('says what it must return', async () => {
    const wrong = (() => 'only an answer') as unknown as () => readonly [unknown, number]
    const { post, logged } = spoken(entrypoint(stateful(z.number(), 0, wrong)))
    expect((await post({})).status).toBe(500)
    expect(JSON.stringify(logged())).toContain('must return [response, next state]')
  })

  it('answers 500 at once for a next state that its schema rejects, and keeps the last one', async () => {
    const { post } = spoken(entrypoint(stateful(z.number().max(1), 0, (_: unknown, n) => [n, n + 1])))
    expect([(await post({})).status, (await post({})).status, (await post({})).body]).toEqual([
      200,
      500,
      expect.objectContaining({ code: 'INVALID_STATE' }),
    ])
  })
})

describe('around a handler', () => {
  const greet = entrypoint((_, { state }: Context<{ readonly user: string }>) => `Hello, ${state.user}`)
  const known = provide(async ({ userId }) => {
    if (userId === undefined) throw rejected(403, 'Who are you?')
    return { user: userId }
  })

  it('a provider adds state, or refuses by a throw', async () => {
    const { post } = spoken(pipe(known, greet))
    expect(await post({})).toMatchObject({ status: 403, body: { error: 'Who are you?' } })
    expect((await post({}, { 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': 'ann' })).body).toBe('Hello, ann')
  })

  it('a wrap changes the reply, answers in its place, and sees the throw of the handler', async () => {
    const agent = pipe(
      wrap(async ({ requestId }, next) => {
        try {
          return pipe(await next(), Reply.withHeader('x-request', requestId))
        } catch (thrown) {
          return { caught: (thrown as Error).message }
        }
      }),
      entrypoint((payload) => {
        if (payload === 'fail') throw rejected(400, 'no')
        return payload
      }),
    )
    const { post } = spoken(agent, { newId: () => 'id' })
    expect((await post('fine')).headers.get('x-request')).toBe('id')
    expect(await post('fail')).toMatchObject({ status: 200, body: { caught: 'no' } })
  })

  it('a wrap may hand on another signal', async () => {
    const agent = pipe(
      wrap((_, next) => next({ signal: AbortSignal.abort() })),
      entrypoint((_, { signal }) => signal.aborted),
    )
    expect((await spoken(agent).post({})).body).toBe(true)
  })

  it('plain and functional descriptors pipe together, in any order', async () => {
    const ann = functional.provide(() => TE.right({ user: 'ann' }))
    const loud = functional.entrypoint((_, { state }: functional.Context.Context<{ readonly user: string }>) =>
      TE.right(state.user.toUpperCase()),
    )
    const seen = use(async (ctx, next) => {
      await next()
      ctx.set('x-seen', 'yes')
    })
    expect((await spoken(pipe(ann, greet, seen)).post({})).headers.get('x-seen')).toBe('yes')
    expect(
      (
        await spoken(
          pipe(
            provide(() => ({ user: 'bob' })),
            loud,
          ),
        ).post({})
      ).body,
    ).toBe('BOB')
    const app = functional.createApp(pipe(ann, greet), { log: { level: 'silent' } })
    expect(await (await app.inject('/invocations', { body: {} })).json()).toBe('Hello, ann')
  })
})

describe('the other handlers', () => {
  it('asyncTask keeps the agent busy while it runs', async () => {
    let finish = nothing
    const work = new Promise<void>((resolve) => (finish = resolve))
    const { app, post } = spoken(
      entrypoint(
        asyncTask('import', async (payload) => {
          await work
          return { imported: payload }
        }),
      ),
    )
    const pending = post(7)
    while (app.tasks.list().length === 0) await sleep(1)
    expect(await (await app.inject('/ping')).json()).toMatchObject({ status: 'HealthyBusy' })
    finish()
    expect((await pending).body).toEqual({ imported: 7 })
    expect(app.tasks.list()).toMatchObject([{ name: 'import', status: 'completed', result: { imported: 7 } }])
  })

  it('cancellable ends the other invocations of the session', async () => {
    const Stop = z.object({ stop: z.literal(true) })
    let started = nothing
    const isRunning = new Promise<void>((resolve) => (started = resolve))
    const agent = entrypoint(
      z.union([Stop, Prompt]),
      cancellable(Stop, async (_: z.infer<typeof Prompt>, { signal }) => {
        started()
        await sleep(60_000, undefined, { signal })
      }),
    )
    const { post } = spoken(agent)
    const pending = post({ prompt: 'long' })
    await isRunning
    expect((await post({ stop: true })).body).toEqual({ cancelled: 1 })
    expect(await pending).toMatchObject({ status: 409, body: { code: 'INTERRUPTED' } })
  })
})

describe('a function of the other dialect', () => {
  it.each([
    ['a TaskEither', (() => TE.right(1)) as unknown as () => number, 'a function, such as a TaskEither'],
    ['an Either', (() => ({ _tag: 'Right', right: 1 })) as unknown as () => number, 'an Either'],
  ])('that returns %s is told to the log, with what to do', async (_, f, says) => {
    const { post, logged } = spoken(entrypoint(f))
    expect((await post({})).status).toBe(500)
    expect(JSON.stringify(logged())).toContain(`A function of agentcore-fp/plain returned ${says}`)
  })

  it.each<[string, unknown, string]>([
    ['a handler', async () => 1, 'not a function: wrap the handler in entrypoint(handler)'],
    ['nothing', undefined, 'such as entrypoint(handler), not undefined'],
    ['null', null, 'such as entrypoint(handler), not null'],
  ])('as the agent of createApp, %s is an error that says what to pass', (_, given, says) => {
    expect(() => untyped(functional.createApp)(given)).toThrow(says)
  })

  it.each(['provide', 'wrap', 'entrypoint'] as const)('is found by the functional %s when it is composed', (name) => {
    const compose = untyped(functional.Agent[name])
    expect(() => compose(async () => 1)).toThrow(
      `${name} of agentcore-fp takes a function that returns a TaskEither, not an async function. Import ${name} from agentcore-fp/plain`,
    )
    expect(() => compose(7)).toThrow(`${name} takes a function, not a value of type number`)
  })

  it('is found by the functional entrypoint when it runs, if its syntax does not tell', async () => {
    const lines: Array<string> = []
    const plain = (() => Promise.resolve(1)) as unknown as () => TE.TaskEither<never, number>
    const app = functional.createApp(functional.entrypoint(plain), {
      log: { destination: (line) => void lines.push(line) },
    })
    expect((await app.inject('/invocations', { body: {} })).status).toBe(500)
    expect(lines.join('\n')).toContain(
      'got a promise. For plain functions, import the descriptors from agentcore-fp/plain',
    )
  })

  it.each([[{ type: 'object' }], [7], [null]])('no codec (%p) is found when it is composed', (codec) => {
    expect(() => untyped(entrypoint)(codec, () => 1)).toThrow(/Expected a codec.*io-ts codec, or a Standard Schema/)
  })
})
