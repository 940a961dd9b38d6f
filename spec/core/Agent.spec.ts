/** Descriptors compose by `pipe`: the laws, judged by what a composed agent does, and what each descriptor does. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import {
  type Agent,
  empty,
  entrypoint,
  type Middleware,
  ping,
  provide,
  type Spec,
  use,
  websocket,
  wrap,
} from '../../lib/core/Agent'
import { type AgentError, rejected } from '../../lib/core/AgentError'
import type { Codec } from '../../lib/core/Codec'
import type { Context } from '../../lib/core/Context'
import { fromGenerator, fromSync } from '../../lib/core/Handler'
import { around, type Step } from '../../lib/core/Layer'
import * as Reply from '../../lib/core/Reply'
import type { Socket } from '../../lib/core/Socket'
import type { Talk } from '../../lib/core/SocketHandler'
import { fakeContext, fakeRequest, fakeSocket, left, right } from './support'

// ---------------------------------------------------------------------------------------------------------------------
// what an agent does
// ---------------------------------------------------------------------------------------------------------------------

type Trace = Array<string>

/** Runs middleware as Koa does: each one around all that follow, and the answer in the midst. */
const onion =
  (middleware: ReadonlyArray<Middleware>, answer: () => Promise<unknown>) =>
  async (context: object): Promise<void> => {
    const run = async (i: number): Promise<unknown> => {
      const next = middleware[i]
      return next === undefined ? answer() : next(context as never, () => run(i + 1)) // its context is opaque here
    }
    await run(0)
  }

const runTalk = <S extends object>(talk: Talk<unknown, unknown, S>, socket: Socket, context: Context<S>) =>
  talk._tag === 'Socket' ? talk.run(socket, context) : TE.left(rejected(500, 'it answers messages only'))

const isMiddleware = (one: Agent['spec']['middleware'][number]): one is Middleware => typeof one === 'function'

/** All that can be seen of an agent from outside: one invocation, one socket and one ping, and what happened in them. */
const observe = async (make: (trace: Trace) => Agent): Promise<unknown> => {
  const trace: Trace = []
  const { spec } = make(trace)
  const outcomes: Array<unknown> = []
  const serve = (what: string, step: O.Option<Step<{}>>): Promise<void> => {
    trace.push(what)
    return onion(spec.middleware.filter(isMiddleware), async () => {
      if (O.isNone(step)) return outcomes.push('nobody')
      const context = fakeContext({}, { request: fakeRequest({ left: what }) })
      return outcomes.push(await around(spec.layers)(step.value)(context)())
    })({})
  }
  const invocation = pipe(
    spec.entrypoint,
    O.map(
      (handler): Step<{}> =>
        (context) =>
          pipe(handler.run('payload', context), TE.map(Reply.of)),
    ),
  )
  const socket = pipe(
    spec.websocket,
    O.map(
      ({ format, talk }): Step<{}> =>
        (context) =>
          pipe(
            runTalk(talk, fakeSocket().socket, context),
            TE.map(() => Reply.json(format)),
          ),
    ),
  )
  await serve('invocation', invocation)
  await serve('socket', socket)
  return { trace, outcomes, ping: O.isSome(spec.ping) ? await spec.ping.value('Healthy') : 'nobody' }
}

// ---------------------------------------------------------------------------------------------------------------------
// agents by the list
// ---------------------------------------------------------------------------------------------------------------------

const kinds = [
  'entrypoint',
  'ping',
  'websocket',
  'use',
  'read',
  'provide',
  'refuse',
  'wrap',
  'answer',
  'change',
] as const

/** One descriptor of each kind; the id makes its key and what it says its own. */
interface Leaf {
  readonly kind: (typeof kinds)[number]
  readonly id: number
}

const noted =
  (trace: Trace, id: number): Middleware =>
  async (_: never, next: () => Promise<unknown>) => {
    trace.push(`use ${id} in`)
    await next()
    trace.push(`use ${id} out`)
  }

const seen = ({ state }: Context): string => JSON.stringify(state)

const leaf =
  ({ kind, id }: Leaf) =>
  (trace: Trace): Agent => {
    switch (kind) {
      case 'entrypoint':
        return entrypoint((payload, context) => TE.right([id, payload, seen(context)]))
      case 'ping':
        return ping(() => (id % 2 === 0 ? 'Healthy' : 'HealthyBusy'))
      case 'websocket':
        return websocket({ format: id % 2 === 0 ? 'json' : 'text' }, (_, context) => {
          trace.push(`websocket ${id} ${seen(context)}`)
          return TE.right(undefined)
        })
      case 'use':
        return use(noted(trace, id))
      case 'read':
        return use(
          noted(trace, id),
          z.object({ left: z.string() }).transform(({ left: text }) => ({ [`read${id}`]: text })),
        )
      case 'provide':
        return provide((context) => {
          trace.push(`provide ${id} ${seen(context)}`)
          return TE.right({ [`key${id}`]: id })
        })
      case 'refuse':
        return provide<{}>(() => {
          trace.push(`refuse ${id}`)
          return TE.left(rejected(403, `${id}`))
        })
      case 'wrap':
        return wrap((next) => (context) => {
          trace.push(`wrap ${id} in ${seen(context)}`)
          return pipe(
            next(context),
            TE.map((reply) => {
              trace.push(`wrap ${id} out`)
              return Reply.withHeader(`x-${id}`, `${Object.keys(reply.headers).length}`)(reply)
            }),
          )
        })
      case 'answer':
        return wrap(() => () => TE.right(Reply.json(`answer ${id}`)))
      case 'change':
        return wrap((next) => (context) => next({ ...context, requestId: `${context.requestId} ${id}`, state: {} }))
    }
  }

type Build = (trace: Trace) => Agent

const all =
  (leaves: ReadonlyArray<Leaf>): Build =>
  (trace) =>
    leaves.reduce<Agent>((agent, one) => pipe(agent, leaf(one)(trace)), empty)

/** Any association of the leaves, as the cuts have it. */
const associated =
  (leaves: ReadonlyArray<Leaf>, cuts: ReadonlyArray<number>): Build =>
  (trace) => {
    const [cut = 0, ...rest] = cuts
    const [first] = leaves
    if (first === undefined) return empty
    if (leaves.length === 1) return leaf(first)(trace)
    const at = 1 + (cut % (leaves.length - 1))
    return pipe(associated(leaves.slice(0, at), rest)(trace), associated(leaves.slice(at), [...rest, cut])(trace))
  }

const list = (from: number): fc.Arbitrary<ReadonlyArray<Leaf>> =>
  fc
    .array(fc.constantFrom(...kinds), { maxLength: 5 })
    .map((picked) => picked.map((kind, i) => ({ kind, id: from + i })))

const [first, second, third] = [list(0), list(10), list(20)]

// ---------------------------------------------------------------------------------------------------------------------
// what the list says that it should do
// ---------------------------------------------------------------------------------------------------------------------

/** The same, told from the list alone, without any composition. */
const expected = (leaves: ReadonlyArray<Leaf>): unknown => {
  const trace: Trace = []
  const of = (kind: Leaf['kind']) => leaves.filter((one) => one.kind === kind).map(({ id }) => id)
  const [lastEntry, lastSocket, lastPing] = [of('entrypoint'), of('websocket'), of('ping')].map((ids) => ids.at(-1))
  const used = leaves.filter(({ kind }) => kind === 'use' || kind === 'read').map(({ id }) => id)
  const inner = (what: string, handler: number | undefined): unknown => {
    if (handler === undefined) return 'nobody'
    let state: Readonly<Record<string, unknown>> = {}
    const wraps: Array<number> = []
    const wrapped = (answer: unknown): unknown => {
      const headers = wraps.reverse().map((id, i) => {
        trace.push(`wrap ${id} out`)
        return [`x-${id}`, `${i}`] as const
      })
      return E.right(headers.reduce((reply, [name, value]) => Reply.withHeader(name, value)(reply), Reply.of(answer)))
    }
    for (const { kind, id } of leaves) {
      if (kind === 'wrap') {
        trace.push(`wrap ${id} in ${JSON.stringify(state)}`)
        wraps.push(id)
      }
      if (kind === 'read') state = { ...state, [`read${id}`]: what }
      if (kind === 'answer') return wrapped(`answer ${id}`)
      if (kind === 'provide') {
        trace.push(`provide ${id} ${JSON.stringify(state)}`)
        state = { ...state, [`key${id}`]: id }
      }
      if (kind === 'refuse') {
        trace.push(`refuse ${id}`)
        return E.left(rejected(403, `${id}`))
      }
    }
    if (what === 'invocation') return wrapped([handler, 'payload', JSON.stringify(state)])
    trace.push(`websocket ${handler} ${JSON.stringify(state)}`)
    return wrapped(handler % 2 === 0 ? 'json' : 'text')
  }
  const serve = (what: string, handler: number | undefined): unknown => {
    trace.push(what, ...used.map((id) => `use ${id} in`))
    const outcome = inner(what, handler)
    trace.push(...[...used].reverse().map((id) => `use ${id} out`))
    return outcome
  }
  const outcomes = [serve('invocation', lastEntry), serve('socket', lastSocket)]
  return { trace, outcomes, ping: lastPing === undefined ? 'nobody' : lastPing % 2 === 0 ? 'Healthy' : 'HealthyBusy' }
}

describe('pipe', () => {
  it('is associative', async () => {
    await fc.assert(
      fc.asyncProperty(first, second, third, async (a, b, c) => {
        const [f, g, h] = [all(a), all(b), all(c)]
        expect(await observe((trace) => pipe(pipe(f(trace), g(trace)), h(trace)))).toEqual(
          await observe((trace) => pipe(f(trace), pipe(g(trace), h(trace)))),
        )
      }),
    )
  })

  it('has empty as its identity on both sides', async () => {
    await fc.assert(
      fc.asyncProperty(first, async (a) => {
        const alone = await observe(all(a))
        expect(await observe((trace) => pipe(empty, all(a)(trace)))).toEqual(alone)
        expect(await observe((trace) => pipe(all(a)(trace), empty))).toEqual(alone)
      }),
    )
  })

  it('does what the list of its descriptors says, however they are associated', async () => {
    const leaves = fc.tuple(first, second, third).map((lists) => lists.flat())
    await fc.assert(
      fc.asyncProperty(leaves, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), async (those, cuts) => {
        expect(await observe(associated(those, cuts))).toEqual(expected(those))
      }),
      { numRuns: 300 },
    )
  })

  it('leaves what it composes as it was', async () => {
    await fc.assert(
      fc.asyncProperty(first, second, async (a, b) => {
        const both = (trace: Trace): Agent => {
          const [x, y] = [all(a)(trace), all(b)(trace)]
          pipe(x, y)
          pipe(y, x)
          return x
        }
        expect(await observe(both)).toEqual(await observe(all(a)))
      }),
    )
  })

  it('gives frozen data', () => {
    const agents = [
      empty,
      ping(() => 'Healthy'),
      pipe(
        ping(() => 'Healthy'),
        use(noted([], 1)),
      ),
    ]
    expect(agents.flatMap((agent) => [agent, agent.spec]).every(Object.isFrozen)).toBe(true)
  })

  it('runs nothing', () => {
    const trace: Trace = []
    all(kinds.map((kind, id) => ({ kind, id })))(trace)
    expect(trace).toEqual([])
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// descriptor by descriptor
// ---------------------------------------------------------------------------------------------------------------------

const answer = async (
  agent: { readonly spec: Spec<{}, {}, {}> },
  payload: unknown,
  context = fakeContext({}),
): Promise<E.Either<AgentError, unknown>> => {
  if (O.isNone(agent.spec.entrypoint)) throw new Error('no entrypoint')
  return agent.spec.entrypoint.value.run(payload, context)()
}

describe('entrypoint', () => {
  const upper = ({ text }: { readonly text: string }): TE.TaskEither<AgentError, string> => TE.right(text.toUpperCase())

  it('without a codec gets the payload as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (payload) => {
        expect(
          await answer(
            entrypoint((given) => TE.right(given)),
            payload,
          ),
        ).toEqual(E.right(payload))
      }),
    )
  })

  it.each([
    ['io-ts', entrypoint(t.type({ text: t.string }), upper)],
    ['zod', entrypoint(z.object({ text: z.string() }), upper)],
    ['a schema that takes its time', entrypoint(z.object({ text: z.string().refine(async () => true) }), upper)],
  ])('decodes the payload first: %s', async (_, agent) => {
    expect(await answer(agent, { text: 'hi' })).toEqual(E.right('HI'))
    expect(left(await answer(agent, { text: 1 }))).toMatchObject({ _tag: 'InvalidPayload', issues: [{ path: 'text' }] })
  })

  it('does not run for a payload that its codec refuses', async () => {
    let ran = 0
    const agent = entrypoint(t.string, () => TE.right((ran += 1)))
    await answer(agent, 1)
    expect(ran).toBe(0)
  })

  it('with two codecs encodes the answer', async () => {
    const Moment = new t.Type<Date, string>(
      'Moment',
      (u): u is Date => u instanceof Date,
      (u, c) => t.failure(u, c),
      (date) => date.toISOString(),
    )
    const agent = entrypoint({ inbound: t.number, outbound: Moment }, (ms) => TE.right(new Date(ms)))
    expect(await answer(agent, 0)).toEqual(E.right('1970-01-01T00:00:00.000Z'))
  })

  it('is Unencodable when a schema refuses the answer', async () => {
    const outbound = z.object({ n: z.number().max(9, 'too much') })
    const agent = entrypoint({ inbound: t.number, outbound }, (n) => TE.right({ n }))
    expect(await answer(agent, 9)).toEqual(E.right({ n: 9 }))
    expect(left(await answer(agent, 10))).toMatchObject({ _tag: 'Unencodable', reason: 'n too much' })
  })

  it('passes on the left of its handler', async () => {
    const no = rejected(403, 'no')
    expect(
      left(
        await answer(
          entrypoint({ inbound: t.unknown, outbound: t.string }, () => TE.left(no)),
          1,
        ),
      ),
    ).toBe(no)
  })

  it('makes a left of what an asynchronous schema rejects with', async () => {
    const validate = async (): Promise<never> => {
      throw rejected(409, 'busy')
    }
    const broken: Codec<string> = { '~standard': { version: 1, vendor: 'spec', validate } }
    expect(
      left(
        await answer(
          entrypoint(broken, () => TE.right(1)),
          'a',
        ),
      ),
    ).toMatchObject({ _tag: 'Rejected', status: 409 })
  })

  it('is known to stream before it is called, with a codec too', () => {
    const handlers = [
      entrypoint(fromGenerator(() => [])),
      entrypoint(
        t.string,
        fromGenerator(() => []),
      ),
      entrypoint(fromSync(() => 1)),
    ]
    expect(handlers.map(({ spec }) => O.toNullable(spec.entrypoint)?._tag)).toEqual(['Stream', 'Stream', 'Answer'])
  })
})

describe('websocket', () => {
  const entryOf = <S extends object>(agent: Agent<S>) => right(E.fromOption(() => 'no websocket')(agent.spec.websocket))

  it('reads JSON unless told that it is text', () => {
    const done = () => TE.right(undefined)
    expect(entryOf(websocket(done)).format).toBe('json')
    expect(entryOf(websocket({ format: 'text' }, done)).format).toBe('text')
    expect(entryOf(websocket({ inbound: t.string, outbound: t.string }, done)).format).toBe('json')
  })

  it('with codecs gets a typed socket', async () => {
    const echo = (socket: Socket<{ readonly n: number }, number>) =>
      pipe(
        socket.receive,
        TE.chain((message) => socket.send(O.isSome(message) ? message.value.n : 0)),
      )
    const { talk } = entryOf(websocket({ inbound: t.type({ n: t.number }), outbound: t.number }, echo))
    const [good, bad] = [fakeSocket(), fakeSocket()]
    good.say({ n: 7 })
    bad.say({ n: 'x' })
    expect(await runTalk(talk, good.socket, fakeContext({}))()).toEqual(E.right(undefined))
    expect(good.sent).toEqual([7])
    expect(left(await runTalk(talk, bad.socket, fakeContext({}))())._tag).toBe('InvalidMessage')
  })
})

/** What a step inside the agent's providers and wraps sees. */
const within = async (agent: Agent<{}, {}, object>, step: Step<object>, context = fakeContext({})) =>
  around(agent.spec.layers)(step)(context)()

const show: Step<object> = ({ state }) => TE.right(Reply.json(state))

const jsonOf = (result: E.Either<AgentError, Reply.Reply>): unknown => {
  const { body } = right(result)
  return body._tag === 'Json' ? body.value : body
}

describe('provide', () => {
  it('adds frozen state, and a later one sees it', async () => {
    const agent = pipe(
      provide(() => TE.right({ user: 'ann' })),
      provide(({ state }: Context<{ user: string }>) => TE.right({ greeting: `hi ${state.user}` })),
    )
    const result = jsonOf(await within(agent, show))
    expect(result).toEqual({ user: 'ann', greeting: 'hi ann' })
    expect(Object.isFrozen(result)).toBe(true)
  })

  it('that refuses keeps the handler and later providers from running', async () => {
    const no = rejected(401, 'who?')
    let ran = 0
    const agent = pipe(
      provide<{}>(() => TE.left(no)),
      provide(() => TE.right({ ran: (ran += 1) })),
    )
    expect(left(await within(agent, () => TE.right(Reply.json((ran += 1)))))).toBe(no)
    expect(ran).toBe(0)
  })
})

describe('wrap', () => {
  it('may change the context, but not the state', async () => {
    const agent = pipe(
      provide(() => TE.right({ user: 'ann' })),
      wrap((next) => (context) => next({ ...context, requestId: 'other', state: {} })),
    )
    const step: Step<object> = ({ state, requestId }) => TE.right(Reply.json({ state, requestId }))
    expect(jsonOf(await within(agent, step))).toEqual({ state: { user: 'ann' }, requestId: 'other' })
  })

  it('may answer in place of the handler, and recover from its failure', async () => {
    const instead = wrap(() => () => TE.right(Reply.json('instead')))
    const recover = wrap(
      (next) => (context) =>
        pipe(
          next(context),
          TE.orElse(() => TE.right(Reply.json('saved'))),
        ),
    )
    expect(jsonOf(await within(instead, show))).toBe('instead')
    expect(jsonOf(await within(recover, () => TE.left(rejected(500, 'no'))))).toBe('saved')
  })
})

describe('use', () => {
  const nothing: Middleware = (_, next) => next()

  it('keeps the middleware as it is', () => {
    expect(pipe(use(nothing), use(nothing)).spec.middleware).toEqual([nothing, nothing])
    expect(use(nothing).spec.middleware[0]).toBe(nothing)
  })

  it.each([
    ['io-ts', use(nothing, t.strict({ user: t.type({ name: t.string }) }))],
    ['zod', use(nothing, z.object({ user: z.object({ name: z.string() }) }))],
    [
      'a schema that takes its time',
      use(nothing, z.object({ user: z.object({ name: z.string().refine(async () => true) }) })),
    ],
  ])('with a codec reads what the middleware left into the state: %s', async (_, agent) => {
    const good = fakeContext({}, { request: fakeRequest({ user: { name: 'ann' }, other: 1 }) })
    expect(agent.spec.middleware).toEqual([nothing])
    expect(jsonOf(await within(agent, show, good))).toEqual({ user: { name: 'ann' } })
    const wrong = fakeContext({}, { request: fakeRequest({ user: { name: 1 } }) })
    expect(left(await within(agent, show, wrong))).toMatchObject({
      _tag: 'InvalidState',
      issues: [{ path: 'user.name' }],
    })
  })
})
