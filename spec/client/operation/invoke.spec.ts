/** Calls of a running agent of this package, on a port. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { type Agent, AgentError, entrypoint, Handler, Reply, Sse } from '../../../lib'
import { Answer, type Client, ClientError, createClient, invoke, invokeAs } from '../../../lib/client'
import type { ClientOptions } from '../../../lib/client'
import { type Closed, eventually, gate, served, type Served } from '../../http/support'
import { leftOf, rightOf } from '../environment'

const sessionId = 'session-0123456789-0123456789-0123456789'

const talking = <Has extends object, A>(
  agent: Closed<Has>,
  use: (client: Client, at: Served) => Promise<A>,
  options: Partial<Omit<ClientOptions, 'url' | 'runtimeArn'>> = {},
): Promise<A> =>
  served(agent, async (at) => {
    const client = createClient({ url: at.url, variables: {}, ...options })
    try {
      return await use(client, at)
    } finally {
      client.close()
    }
  })

/** A call for functions of fp-ts. */
const asking =
  ({ environment }: Client) =>
  (...args: Parameters<typeof invoke>): Promise<Answer.Answer> =>
    rightOf(invoke(...args)(environment))

const stepsOf = async <A>(steps: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const found: Array<A> = []
  for await (const step of steps) found.push(step)
  return found
}

/** The data of an answer's events, a left as itself. */
const dataOf = async (answer: Answer.Answer): Promise<ReadonlyArray<unknown>> => {
  if (answer._tag !== 'Events') throw new Error(`${answer._tag} is no stream`)
  return (await stepsOf(answer.events)).map((step) => (E.isRight(step) ? step.right.data : step.left))
}

const echo = entrypoint((payload: unknown, { sessionId: id, headers, userId }) =>
  TE.right({ payload, id, baggage: headers.get('baggage'), userId }),
)

describe('an answer of JSON', () => {
  it('is its value, of the session that was asked for', () =>
    talking(echo, async ({ invoke: ask }) => {
      const answer = await ask({ prompt: 'hi ✓' }, { sessionId, userId: 'ann', headers: { baggage: 'a=1' } })
      expect(answer).toMatchObject({ _tag: 'Json', status: 200, sessionId, contentType: 'application/json' })
      expect(answer._tag === 'Json' && answer.value).toEqual({
        payload: { prompt: 'hi ✓' },
        id: sessionId,
        baggage: { _tag: 'Some', value: 'a=1' },
        userId: { _tag: 'Some', value: 'ann' },
      })
    }))

  it.each([null, true, 0, '', 'text', [], [1, [2]], {}, { a: { b: null } }])('may be %j, in and out', (value) =>
    talking(
      entrypoint((payload: unknown) => TE.right(payload)),
      async ({ invoke: ask }) => expect(await ask(value)).toMatchObject({ _tag: 'Json', value }),
    ),
  )

  it('keeps what JSON alone would lose of a payload', () =>
    talking(echo, async ({ invoke: ask }) => {
      const answer = await ask(new Map([['a', new Set([1])]]))
      expect(answer).toMatchObject({ value: { payload: { a: [1] } } })
    }))

  it('may be of 20 MB, as its payload', () =>
    talking(
      entrypoint((payload: unknown) => TE.right(payload)),
      async ({ invoke: ask }) => {
        const value = 'x'.repeat(20_000_000)
        const answer = await ask(value)
        expect(answer._tag === 'Json' && answer.value === value).toBe(true)
      },
    ))

  it('is checked by a codec of either kind', () =>
    talking(
      entrypoint(() => TE.right({ total: 7 })),
      async ({ environment, invokeAs: ask }) => {
        expect(await rightOf(invokeAs(t.type({ total: t.number }))({})(environment))).toEqual({ total: 7 })
        expect(await ask(z.object({ total: z.number() }), {})).toEqual({ total: 7 })
        expect(await leftOf(invokeAs(t.type({ total: t.string }))({})(environment))).toEqual({
          _tag: 'InvalidAnswer',
          reason: 'total: expected string, got the number 7',
        })
      },
    ))

  it('is not what a codec is given where the answer is a stream: it is given up', () =>
    talking(
      entrypoint(() => TE.right(Reply.withHeader('content-type', 'application/octet-stream')(Reply.text('x')))),
      async ({ environment }) => {
        expect(await leftOf(invokeAs(t.unknown)({})(environment))).toMatchObject({ _tag: 'InvalidAnswer' })
      },
    ))
})

describe('an answer of events', () => {
  const counting = entrypoint(
    Handler.fromGenerator(async function* () {
      yield 'one'
      yield { two: 2 }
      yield Sse.event({ event: 'tool', id: '7', data: [3] })
      yield Sse.raw({ data: 'plain words' })
    }),
  )

  it('is its events, decoded', () =>
    talking(counting, async (client) => {
      const answer = await asking(client)({})
      expect(answer).toMatchObject({ _tag: 'Events', contentType: 'text/event-stream; charset=utf-8' })
      const events = answer._tag === 'Events' ? await stepsOf(answer.events) : []
      expect(events).toMatchObject([
        { right: { event: 'message', data: 'one', isJson: true } },
        { right: { event: 'message', data: { two: 2 } } },
        { right: { event: 'tool', id: { value: '7' }, data: [3] } },
        { right: { event: 'message', data: 'plain words', isJson: false } },
      ])
    }))

  it('is a loop for those who want one, and text for a terminal', () =>
    talking(counting, async ({ events, text }) => {
      expect((await stepsOf(events({}))).map(({ data }) => data)).toEqual(['one', { two: 2 }, [3], 'plain words'])
      expect(await text({})).toBe('one{"two":2}\n[3]\nplain words')
    }))

  it('comes as it is made', () => {
    const next = gate()
    const slow = entrypoint(
      Handler.fromGenerator(async function* () {
        yield 1
        await next.opened
        yield 2
      }),
    )
    return talking(slow, async ({ events }) => {
      const iterator = events({})[Symbol.asyncIterator]()
      expect(await iterator.next()).toMatchObject({ value: { data: 1 } })
      next.open()
      expect(await iterator.next()).toMatchObject({ value: { data: 2 } })
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    })
  })

  it('ends with the failure that comes in its midst', () => {
    const failing = entrypoint(
      Handler.fromGenerator(async function* () {
        yield 1
        await Promise.resolve()
        throw AgentError.rejected(429, 'enough', { left: 0 })
      }),
    )
    const failure = {
      ...{ _tag: 'StreamFailure', code: 'REJECTED', message: 'enough', details: { left: 0 } },
      requestId: expect.any(String),
    }
    return talking(failing, async (client) => {
      expect(await dataOf(await asking(client)({}))).toEqual([1, failure])
      const seen: Array<unknown> = []
      const loop = async (): Promise<void> => {
        for await (const { data } of client.events({})) seen.push(data)
      }
      await expect(loop()).rejects.toMatchObject({
        name: 'ClientFailure',
        message: expect.stringMatching(/^The stream failed with REJECTED: enough \(request /),
        failure,
      })
      expect(seen).toEqual([1])
    })
  })

  const endless = (ended: (at: number) => void, pulled: () => void = () => undefined): Agent.Agent =>
    entrypoint(
      Handler.fromGenerator(async function* (_: unknown, { signal }) {
        signal.addEventListener('abort', () => ended(performance.now()))
        for (let i = 0; ; i++) {
          pulled()
          yield { i, filling: 'x'.repeat(10_000) }
          await sleep(0)
        }
      }),
    )

  it('ends the work of the agent within 100 ms when the loop is left', () => {
    const end = gate<number>()
    return talking(endless(end.open), async ({ events }) => {
      for await (const _ of events({})) break
      const left = performance.now()
      expect((await end.opened) - left).toBeLessThan(100)
    })
  })

  it('ends it when it is aborted, and says so', () => {
    const end = gate<number>()
    return talking(endless(end.open), async (client) => {
      const controller = new AbortController()
      const answer = await asking(client)({}, { signal: controller.signal })
      const iterator = answer._tag === 'Events' ? answer.events[Symbol.asyncIterator]() : undefined
      await iterator?.next()
      controller.abort()
      const aborted = performance.now()
      expect((await end.opened) - aborted).toBeLessThan(100)
      expect((await iterator?.next())?.value).toEqual(E.left({ _tag: 'Aborted' }))
      expect(await iterator?.next()).toEqual({ done: true, value: undefined })
    })
  })

  it('ends it while it is silent too', () => {
    const end = gate<number>()
    const silent = entrypoint(
      Handler.fromGenerator(async function* (_: unknown, { signal }) {
        yield 1
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        end.open(performance.now())
      }),
    )
    return talking(silent, async ({ invoke: ask }) => {
      const answer = await ask({})
      const iterator = answer._tag === 'Events' ? answer.events[Symbol.asyncIterator]() : undefined
      await iterator?.next()
      const waiting = iterator?.next()
      const left = performance.now()
      await iterator?.return?.()
      expect((await end.opened) - left).toBeLessThan(100)
      expect(await waiting).toEqual({ done: true, value: undefined })
    })
  })

  it('makes the agent wait for a slow reader', () => {
    let pulls = 0
    const end = gate<number>()
    return talking(
      endless(end.open, () => void (pulls += 1)),
      async ({ events }) => {
        const iterator = events({})[Symbol.asyncIterator]()
        await iterator.next()
        let last = -1
        while (pulls !== last) {
          last = pulls
          await sleep(100)
        }
        expect(last * 10_000).toBeLessThan(30_000_000)
        await iterator.return?.()
        await end.opened
      },
    )
  })

  it('may be silent for longer than the time to connect, and no longer than the idle time', () => {
    const end = gate()
    const quiet = entrypoint(
      Handler.fromGenerator(async function* (_: unknown, { signal }) {
        yield 1
        await sleep(150, undefined, { signal }).catch(() => undefined)
        yield 2
        await sleep(9000, undefined, { signal }).catch(() => undefined)
        end.open()
      }),
    )
    return talking(
      quiet,
      async (client) => {
        expect(await dataOf(await asking(client)({}))).toEqual([1, 2, { _tag: 'IdleTimeout', after: 400 }])
        await end.opened
      },
      { connectTimeout: 100, idleTimeout: 400 },
    )
  })
})

describe('an answer of another type', () => {
  it('is its bytes as they come', () =>
    talking(
      entrypoint(() => TE.right(Reply.bytes(new Uint8Array([1, 2, 255]), 'image/png'))),
      async (client) => {
        const answer = await asking(client)({})
        expect(answer).toMatchObject({ _tag: 'Bytes', contentType: 'image/png' })
        const steps = answer._tag === 'Bytes' ? await stepsOf(answer.bytes) : []
        expect(Buffer.concat(steps.flatMap((step) => (E.isRight(step) ? [step.right] : [])))).toEqual(
          Buffer.from([1, 2, 255]),
        )
      },
    ))

  it('is text for who asks for text, and no event', () =>
    talking(
      entrypoint(() => TE.right(Reply.text('plain ✓'))),
      async ({ text, events, environment }) => {
        expect(await text({})).toBe('plain ✓')
        expect(await rightOf(pipe(invoke({})(environment), TE.chain(Answer.toText)))).toBe('plain ✓')
        await expect(stepsOf(events({}))).rejects.toMatchObject({ failure: { _tag: 'InvalidAnswer' } })
      },
    ))
})

describe('what an agent refuses', () => {
  it('is its code, its details and its request', () =>
    talking(
      entrypoint(t.type({ prompt: t.string }), () => TE.right(1)),
      async ({ environment }) => {
        expect(await leftOf(invoke({})(environment))).toEqual({
          _tag: 'AgentFailure',
          status: 400,
          code: 'INVALID_PAYLOAD',
          message: 'Invalid payload',
          requestId: expect.any(String),
          details: [{ path: 'prompt', message: 'expected string, got nothing' }],
        })
      },
    ))

  it('is not asked again, unless it may happen twice', () => {
    let count = 0
    const failing = entrypoint(() => {
      count += 1
      return TE.left(AgentError.rejected(503, 'later'))
    })
    return talking(
      failing,
      async ({ environment }) => {
        expect(await leftOf(invoke({})(environment))).toMatchObject({ code: 'REJECTED', status: 503 })
        expect(count).toBe(1)
        await leftOf(invoke({}, { idempotent: true })(environment))
        expect(count).toBe(4)
      },
      { effects: { random: () => 0 } },
    )
  })

  it('is thrown by the client of promises, as an error that carries it', () =>
    talking(
      entrypoint(() => TE.left(AgentError.rejected(418, 'no coffee'))),
      async ({ invoke: ask }) => {
        const thrown: unknown = await ask({}).catch((cause: unknown) => cause)
        expect(thrown).toBeInstanceOf(Error)
        expect(thrown).toMatchObject({
          message: expect.stringMatching(/^The agent responded with 418 REJECTED: no coffee \(request .+\)$/),
          failure: { _tag: 'AgentFailure', status: 418 },
        })
      },
    ))
})

describe('an agent that is not there', () => {
  it('is tried again, a few times, and told by its host', async () => {
    const waits: Array<number> = []
    const effects = { random: () => 0.5, sleep: (ms: number) => async () => void waits.push(ms) }
    const client = createClient({ url: 'http://127.0.0.1:9', variables: {}, effects })
    await expect(client.invoke({})).rejects.toThrow(
      'Could not reach 127.0.0.1:9: connection refused; check that it is running',
    )
    expect(waits).toEqual([50, 100])
  })
})

describe('many calls', () => {
  it('share connections, and leave none of them waiting', () =>
    talking(echo, async ({ invoke: ask }, { server }) => {
      let connections = 0
      server.on('connection', () => void (connections += 1))
      for (const _ of Array.from({ length: 20 })) await ask({})
      expect(connections).toBe(1)
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(i)))
      expect(answers.map((answer) => answer._tag === 'Json' && (answer.value as { payload: unknown }).payload)).toEqual(
        Array.from({ length: 50 }, (_, i) => i),
      )
      await eventually(() => connections <= 51, 'no more connections than calls')
    }))
})

it('every failure can be explained', () => {
  expect(ClientError.explain({ _tag: 'Truncated' })).toBe('The response ended before it was complete')
})
