/** Server-sent events on the wire: pulled as fast as the client reads, closed when it leaves, and whole or known not to be. */
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { EventSourceMessage } from 'eventsource-parser'
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, AgentError, entrypoint, Handler, provide, Reply, Sse, use } from '../../../lib'
import {
  aborted,
  after,
  ask,
  eventsIn,
  eventually,
  failureOf,
  gate,
  injected,
  invocation,
  type Raw,
  rawTo,
  type Send,
  served,
  textsOf,
  valuesIn,
  wire,
} from '../support'

const streaming = (f: Parameters<typeof Handler.fromGenerator>[0]): Agent.Agent => entrypoint(Handler.fromGenerator(f))

/** The same agent, without and with a middleware: Node's response and Koa's pipeline write streams in ways of their own. */
const bothWays = (agent: Agent.Agent): ReadonlyArray<readonly [way: string, agent: Agent.Agent]> => [
  ['without middleware', agent],
  [
    'behind a middleware',
    pipe(
      use((_, next) => next()),
      agent,
    ),
  ],
]

const post = (send: Send, headers: Readonly<Record<string, string>> = {}, body: unknown = {}): Promise<Response> =>
  send('/invocations', { body, headers })

const never = new Promise<never>(() => undefined)

describe('what a client must accept', () => {
  const three = streaming(() => [1, 2, 3])

  it('without Accept a streaming handler streams', () =>
    served(three, async ({ port }) => {
      const { status, headers, text, isWhole } = await ask(port, { body: '{}' })
      expect([status, headers['content-type'], isWhole]).toEqual([200, 'text/event-stream; charset=utf-8', true])
      expect(valuesIn(text)).toEqual([1, 2, 3])
    }))

  for (const accept of [
    '*/*',
    'text/*',
    'text/event-stream',
    'TEXT/Event-Stream',
    'application/json, text/event-stream;q=0.1',
    'application/json, */*;q=0.5',
    '',
  ]) {
    wire(`with Accept ${accept} a streaming handler streams`, three, async ({ send }) => {
      const response = await post(send, { accept })
      expect([response.status, valuesIn(await response.text())]).toEqual([200, [1, 2, 3]])
    })
  }

  for (const accept of [
    'application/json',
    'text/html',
    'text/event-stream;q=0',
    '*/*, text/event-stream; q=0.0',
    'text/*;q=0, */*',
  ]) {
    it(`with Accept ${accept} a handler that is known to stream is 406 before any effect`, async () => {
      const effects: Array<string> = []
      const agent = pipe(
        provide((): TE.TaskEither<AgentError.AgentError, { readonly user: string }> => {
          effects.push('provider')
          return TE.right({ user: 'u' })
        }),
        streaming(() => {
          effects.push('handler')
          return [1]
        }),
      )
      await served(agent, async ({ send }) => {
        expect(await failureOf(await post(send, { accept }))).toMatchObject({ status: 406, code: 'NOT_ACCEPTABLE' })
        expect(effects).toEqual([])
      })
    })

    it(`with Accept ${accept} a stream that is found out late is closed without being pulled`, async () => {
      const calls: Array<string> = []
      const source = {
        next: () => after(calls.push('next'), { done: false, value: 1 }),
        return: () => after(calls.push('return'), { done: true, value: undefined }),
      }
      await served(
        entrypoint(() => TE.right(source)),
        async ({ send }) => {
          expect(await failureOf(await post(send, { accept }))).toMatchObject({ status: 406 })
          expect(calls).toEqual(['return'])
        },
      )
    })
  }
})

describe('the head of a stream', () => {
  for (const [way, agent] of bothWays(streaming(() => [1]))) {
    wire(`keeps caches, compressors and buffering proxies off, ${way}`, agent, async ({ send }) => {
      const response = await post(send)
      expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
      expect(response.headers.get('x-accel-buffering')).toBe('no')
      expect(response.headers.get('content-length')).toBeNull()
      expect(response.headers.get('x-amzn-bedrock-agentcore-runtime-session-id')).toMatch(/^[\w-]{36}$/)
      await response.text()
    })
  }
})

describe('a frame is sent when it is there', () => {
  const second = { is: gate() }
  for (const [way, agent] of bothWays(
    streaming(async function* () {
      yield 'first'
      await second.is.opened
    }),
  )) {
    wire(`the first event is not held back while the second is awaited, ${way}`, agent, async ({ send }) => {
      second.is = gate()
      const texts = textsOf(await send('/invocations', { body: {} }))
      expect((await texts.next()).value).toBe('data: "first"\n\n')
      second.is.open()
      expect((await texts.next()).done).toBe(true)
    })
  }

  it('each event goes out before the next is made', async () => {
    const asked = [gate(), gate(), gate()] as const
    const agent = streaming(async function* () {
      for (const [index, { opened }] of asked.entries()) {
        yield index
        await opened
      }
    })
    await served(agent, async ({ send }) => {
      const texts = textsOf(await post(send))
      for (const [index, { open }] of asked.entries()) {
        expect((await texts.next()).value).toBe(`data: ${index}\n\n`)
        open()
      }
      expect((await texts.next()).done).toBe(true)
    })
  })

  for (const [name, make] of Object.entries({
    sync: function* () {
      for (let i = 0; i < 5000; i += 1) yield i
    },
    async: async function* () {
      for (let i = 0; i < 5000; i += 1) yield i
    },
  })) {
    it(`frames of one turn go out together, in order and whole: a ${name} generator`, async () => {
      const write = jest.spyOn(ServerResponse.prototype, 'write')
      try {
        await served(streaming(make), async ({ port }) => {
          const { text, isWhole } = await ask(port, { body: '{}' })
          expect(isWhole).toBe(true)
          expect(valuesIn(text)).toEqual([...Array(5000).keys()])
          expect(write.mock.calls.length).toBeLessThan(12)
        })
      } finally {
        write.mockRestore()
      }
    })
  }
})

const filler = 'x'.repeat(10_000)

/** A client that reads the head of a stream, and then no more. */
const stalled = async (port: number, payload: unknown = {}): Promise<Raw> => {
  const raw = await rawTo(port)
  raw.say(invocation(payload))
  await raw.hears('data:')
  raw.socket.pause()
  return raw
}

/** Resolves with a count once it has stood still for some turns of the loop in which I/O could happen. */
const atRest = async (count: () => number): Promise<number> => {
  let [last, still] = [count(), 0]
  while (still < 30) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    still = count() === last ? still + 1 : 0
    last = count()
  }
  return last
}

describe('a client that does not read makes its own stream wait, and no other', () => {
  const pulls = { count: 0 }
  const endless = streaming(function* (payload) {
    if (Array.isArray(payload)) return yield* [1, 2, 3]
    pulls.count = 0
    for (;;) yield `${(pulls.count += 1)}${filler}`
  })
  for (const [way, agent] of bothWays(endless)) {
    it(`what is pulled meanwhile is bounded, ${way}`, () =>
      served(agent, async ({ port, send }) => {
        const slow = await stalled(port)
        const pulled = await atRest(() => pulls.count)
        expect(pulled * filler.length).toBeLessThan(20_000_000) // the kernel's own buffers are most of it
        expect(valuesIn(await (await post(send, {}, [])).text())).toEqual([1, 2, 3])
        expect(await (await send('/ping')).json()).toMatchObject({ status: 'Healthy' })
        slow.socket.resume()
        await eventually(() => pulls.count > pulled, 'it goes on where the client does')
        slow.socket.destroy()
      }))
  }
})

describe('a client that leaves ends what was made for it', () => {
  const leaving: Readonly<Record<string, (raw: Raw) => void>> = {
    'closes its connection': ({ socket }) => void socket.end(),
    'resets its connection': ({ socket }) => void socket.resetAndDestroy(),
  }
  for (const [how, leave] of Object.entries(leaving)) {
    for (const isSlow of [false, true]) {
      const who = isSlow ? 'a client that stopped reading and then' : 'a client that'
      const seen = { closed: gate<number>(), signalled: gate<number>() }
      const agent = streaming((_, { signal }) => {
        signal.addEventListener('abort', () => seen.signalled.open(performance.now()))
        let isFirst = true
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => {
              if (!isSlow && !isFirst) return never
              isFirst = false
              return Promise.resolve({ done: false, value: filler })
            },
            return: () => {
              seen.closed.open(performance.now())
              return Promise.resolve({ done: true, value: undefined })
            },
          }),
        }
      })
      for (const [way, behind] of bothWays(agent)) {
        it(`${who} ${how}: return() and the signal within 100 ms, though the next value is awaited, ${way}`, async () => {
          Object.assign(seen, { closed: gate<number>(), signalled: gate<number>() })
          await served(behind, async ({ port }) => {
            const raw = isSlow ? await stalled(port) : await rawTo(port)
            if (isSlow) await new Promise((resolve) => setTimeout(resolve, 100))
            else {
              raw.say(invocation({}))
              await raw.hears('data:')
            }
            const left = performance.now()
            leave(raw)
            if (isSlow) raw.socket.destroy()
            const [closed, signalled] = await Promise.all([seen.closed.opened, seen.signalled.opened])
            expect(closed - left).toBeLessThan(100)
            expect(signalled - left).toBeLessThan(100)
            await raw.closed
          })
        })
      }
    }
  }

  const ended = { is: gate() }
  for (const [way, agent] of bothWays(
    streaming(async function* (_, { signal }) {
      try {
        yield 1
        await aborted(signal)
      } finally {
        ended.is.open()
      }
    }),
  )) {
    it(`the finally of a generator that heeds the signal runs, ${way} (port)`, async () => {
      ended.is = gate()
      await served(agent, async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await raw.hears('data: 1')
        raw.socket.destroy()
        await ended.is.opened
      })
    })
    it(`the finally of a generator that heeds the signal runs, ${way} (memory)`, async () => {
      ended.is = gate()
      await injected(agent, async ({ send }) => {
        const leave = new AbortController()
        const response = await send('/invocations', { body: {}, signal: leave.signal })
        await textsOf(response).next()
        leave.abort()
        await ended.is.opened
      })
    })
  }

  it('a handler that has not answered yet sees the signal, and what it gives later is closed', async () => {
    const [entered, release, closed] = [gate(), gate(), gate()]
    const agent = entrypoint((_, { signal }) =>
      TE.fromTask(async () => {
        entered.open()
        await aborted(signal)
        await release.opened
        return { next: () => never, return: () => after(closed.open(), { done: true, value: undefined }) }
      }),
    )
    await served(agent, async ({ port, logged }) => {
      const raw = await rawTo(port)
      raw.say(invocation({}))
      await entered.opened
      raw.socket.destroy()
      await eventually(
        () => logged().some(({ message }) => message === 'The client closed the connection'),
        'it is logged',
      )
      release.open()
      await closed.opened
    })
  })

  it('a source that fails when it is closed is logged, and hurts nobody', async () => {
    const source = {
      next: (): unknown => after(pulled.open(), never),
      return: (): never => {
        throw new Error('cannot be closed')
      },
    }
    const pulled = gate()
    await served(
      entrypoint(() => TE.right(source)),
      async ({ port, logged }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await pulled.opened
        raw.socket.destroy()
        await eventually(() => logged().some((line) => line['errorMessage'] === 'cannot be closed'), 'it is logged')
      },
    )
  })
})

describe('keep-alive', () => {
  const silent = streaming(async function* (_, { signal }) {
    yield 1
    await aborted(signal)
  })
  const mute = streaming((_, { signal }) => ({
    [Symbol.asyncIterator]: () => ({
      next: () => aborted(signal).then(() => ({ done: true as const, value: undefined })),
    }),
  }))

  for (const [way, agent] of bothWays(silent)) {
    it(`a comment after each silence, ${way}`, () =>
      served(
        agent,
        async ({ port }) => {
          const raw = await rawTo(port)
          raw.say(invocation({}))
          await raw.hears(/data: 1\n\n[\s\S]*: keep-alive\n\n[\s\S]*: keep-alive\n\n/)
          raw.socket.destroy()
        },
        { keepAlive: 20 },
      ))
  }

  for (const [way, agent] of bothWays(mute)) {
    it(`before the first event too, with the head, ${way}`, () =>
      served(
        agent,
        async ({ port }) => {
          const raw = await rawTo(port)
          raw.say(invocation({}))
          expect(await raw.hears(': keep-alive\n\n')).toMatch(/^HTTP\/1.1 200 OK[\s\S]*text\/event-stream/)
          raw.socket.destroy()
        },
        { keepAlive: 20 },
      ))
  }

  it('0 disables it', async () => {
    const asked = gate()
    const agent = streaming(async function* () {
      yield 1
      await asked.opened
    })
    await served(
      agent,
      async ({ port }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}, ['Connection: close']))
        await raw.hears('data: 1')
        await new Promise((resolve) => setTimeout(resolve, 60))
        asked.open()
        expect(await raw.closed).not.toContain('keep-alive\n')
      },
      { keepAlive: 0 },
    )
  })

  it('none while values flow', async () => {
    const agent = streaming(async function* () {
      for (let i = 0; i < 20; i += 1) {
        yield i
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    })
    await served(
      agent,
      async ({ port }) => expect((await ask(port, { body: '{}' })).text).not.toContain('keep-alive'),
      { keepAlive: 300 },
    )
  })

  it('none while the client does not read', async () => {
    const big = 'y'.repeat(1_000_000)
    const agent = streaming(async function* (_, { signal }) {
      for (let i = 0; i < 20 && !signal.aborted; i += 1) yield big
    })
    await served(
      agent,
      async ({ port }) => {
        const write = jest.spyOn(ServerResponse.prototype, 'write')
        try {
          const slow = await stalled(port)
          const writes = await atRest(() => write.mock.calls.length)
          await new Promise((resolve) => setTimeout(resolve, 60))
          expect(write.mock.calls.length).toBe(writes)
          slow.socket.destroy()
        } finally {
          write.mockRestore()
        }
      },
      { keepAlive: 10 },
    )
  })
})

describe('how a stream ends', () => {
  const failing = streaming(async function* (payload) {
    yield 1
    if (payload !== 'fail') return
    throw new Error('the key is 1234')
  })
  for (const [way, agent] of bothWays(failing)) {
    it(`a failure is a last event with a code and the request id, and nothing of what was thrown, ${way}`, () =>
      served(agent, async ({ port, logged }) => {
        const { text, isWhole } = await ask(port, { body: '"fail"' })
        const [, last, ...more] = eventsIn(text)
        expect([isWhole, more]).toEqual([true, []])
        const { event, data } = last as EventSourceMessage
        const body = JSON.parse(data) as Readonly<Record<string, string>>
        expect([event, body]).toEqual([
          'error',
          {
            error: 'Internal Server Error',
            error_type: 'INTERNAL_ERROR',
            message: 'An error occurred during streaming',
            requestId: expect.any(String) as string,
          },
        ])
        expect(text).not.toContain('1234')
        expect(logged()).toContainEqual(
          expect.objectContaining({ requestId: body['requestId'], errorMessage: 'the key is 1234' }),
        )
      }))

    it(`a clean end is whole, ${way}`, () =>
      served(agent, async ({ port }) => {
        const { text, isWhole } = await ask(port, { body: '{}' })
        expect([text, isWhole]).toEqual(['data: 1\n\n', true])
      }))
  }

  for (const [way, agent] of bothWays(
    streaming(async function* (_, { signal }) {
      yield 1
      await aborted(signal)
    }),
  )) {
    it(`a connection that breaks is not taken for an end, ${way}`, () =>
      served(agent, async ({ port, server }) => {
        const connected = once(server, 'connection') as Promise<Array<Socket>>
        const raw = await rawTo(port)
        const [socket] = await connected
        raw.say(invocation({}))
        await raw.hears('data: 1')
        socket?.destroy()
        expect(await raw.closed).not.toContain('\r\n0\r\n')
      }))

    it(`at the deadline the failure is the last event, ${way}`, () =>
      served(
        agent,
        async ({ port }) => {
          const { text, isWhole } = await ask(port, { body: '{}' })
          const [first, last, ...more] = eventsIn(text)
          expect([isWhole, first, more]).toEqual([true, { data: '1' }, []])
          expect(last).toMatchObject({
            event: 'error',
            data: expect.stringContaining('"DEADLINE_EXCEEDED"') as unknown,
          })
        },
        { deadline: 50 },
      ))

    it(`when the server stops for good the failure is the last event, ${way}`, () =>
      served(agent, async ({ port, app }) => {
        const raw = await rawTo(port)
        raw.say(invocation({}))
        await raw.hears('data: 1')
        await app.stop({ timeout: 30 })
        expect(await raw.closed).toMatch(/event: error\ndata: \{[^\n]+"STOPPING"[^\n]+\}\n\n\r\n0\r\n\r\n$/)
      }))
  }

  it('at the deadline a stream without any event is 504', () =>
    served(
      streaming((_, { signal }) => ({
        [Symbol.asyncIterator]: () => ({
          next: () => aborted(signal).then(() => ({ done: true as const, value: undefined })),
        }),
      })),
      async ({ send }) =>
        expect(await failureOf(await post(send))).toMatchObject({ status: 504, code: 'DEADLINE_EXCEEDED' }),
      { deadline: 30 },
    ))

  it('at the deadline a client that does not read is let go of, and the source closed', async () => {
    const closed = gate()
    const agent = streaming(async function* () {
      try {
        for (;;) yield filler
      } finally {
        closed.open()
      }
    })
    await served(
      agent,
      async ({ port }) => {
        const slow = await stalled(port)
        await closed.opened
        slow.socket.destroy()
      },
      { deadline: 50 },
    )
  })
})

describe('fairness', () => {
  for (const [name, make] of Object.entries({
    'a sync generator': function* (_: unknown, { signal }: { readonly signal: AbortSignal }): Generator<number> {
      while (!signal.aborted) yield 1
    },
    'an async generator': async function* (
      _: unknown,
      { signal }: { readonly signal: AbortSignal },
    ): AsyncGenerator<number> {
      while (!signal.aborted) yield 1
    },
  })) {
    for (const [way, agent] of bothWays(streaming(make))) {
      it(`${name} without end does not starve /ping, ${way}`, () =>
        served(agent, async ({ port, send }) => {
          const raw = await rawTo(port)
          raw.say(invocation({}))
          await raw.hears('data: 1')
          const began = performance.now()
          for (const _ of Array(20)) expect((await send('/ping')).status).toBe(200)
          expect((performance.now() - began) / 20).toBeLessThan(100)
          raw.socket.destroy()
        }))
    }
  }
})

describe('what eventsource-parser reads is what was yielded', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 })
  const name = text.filter((candidate) => !/[\r\n\0]/.test(candidate))
  const fields = fc.record({ event: name, id: name, retry: fc.nat() }, { requiredKeys: [] }) as fc.Arbitrary<Sse.Fields>
  const value = fc.jsonValue({ stringUnit: 'binary' })
  const item: fc.Arbitrary<readonly [made: unknown, read: ReadonlyArray<EventSourceMessage>]> = fc.oneof(
    value.map((made) => [made, [{ data: JSON.stringify(made) }]] as const),
    fc
      .tuple(fields, value)
      .map(([named, data]) => [Sse.event({ ...named, data }), [read(named, JSON.stringify(data))]] as const),
    fc
      .tuple(fields, text)
      .map(([named, data]) => [Sse.raw({ ...named, data }), [read(named, data.replace(/\r\n?/g, '\n'))]] as const),
    text.map((comment) => [Sse.comment(comment), []] as const),
  )
  const read = ({ event, id }: Sse.Fields, data: string): EventSourceMessage => ({
    ...(event === undefined || event === '' ? {} : { event }),
    ...(id === undefined ? {} : { id }),
    data,
  })
  const offered: { values: ReadonlyArray<unknown> } = { values: [] }
  for (const [way, agent] of bothWays(entrypoint(() => TE.right(Reply.events(offered.values))))) {
    it(`property: whatever the values and events are, ${way}`, () =>
      served(agent, ({ send }) =>
        fc.assert(
          fc.asyncProperty(fc.array(item, { maxLength: 12 }), async (items) => {
            offered.values = items.map(([made]) => made)
            const events = eventsIn(await (await post(send)).text()).filter((event) => 'data' in event)
            expect(
              events.map(({ event, id, data }) =>
                read({ ...(event === undefined ? {} : { event }), ...(id === undefined ? {} : { id }) }, data),
              ),
            ).toEqual(items.flatMap(([, expected]) => expected))
          }),
          { numRuns: 100 },
        ),
      ))
  }
})

it('two hundred streams one after the other leave nothing behind on a connection', () =>
  served(
    streaming(() => [1, 2]),
    async ({ port, server }) => {
      const connected = once(server, 'connection') as Promise<Array<Socket>>
      const raw = await rawTo(port)
      const [socket] = await connected
      const listeners = (): number =>
        (socket?.eventNames() ?? []).reduce((sum, event) => sum + (socket?.listenerCount(event) ?? 0), 0)
      const before = { count: 0 }
      for (let count = 1; count <= 200; count += 1) {
        raw.say(invocation({}))
        await eventually(() => raw.heard().split('\r\n0\r\n\r\n').length > count, `answer ${count}`)
        if (count === 2) before.count = listeners()
      }
      expect(listeners()).toBe(before.count)
      raw.socket.destroy()
    },
  ))

it('a left that is thrown in a stream is told with its details', () =>
  served(
    streaming(function* () {
      yield 1
      throw AgentError.rejected(400, 'No more', ['why'])
    }),
    async ({ send }) => expect(await (await post(send)).text()).toContain('"details":["why"]'),
  ))
