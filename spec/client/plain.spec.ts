/** The client of promises: what it gives needs nothing of fp-ts, and what is a left elsewhere is thrown. */
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { z } from 'zod'
import { pipe } from 'fp-ts/function'
import { AgentError, Reply, Sse } from '../../lib'
import { type Client, type ClientOptions, createClient, type PlainEvent, type PlainOutput } from '../../lib/client'
import { entrypoint, onSocket, websocket } from '../../lib/plain'
import { type Closed, eventually, gate, served } from '../http/support'
import { arn, keys } from './support'
import { shells } from './shell/shellServer'

const talking = <Has extends object, A>(agent: Closed<Has>, use: (client: Client) => Promise<A>): Promise<A> =>
  served(agent, async ({ url }) => {
    const client = createClient({ url, variables: {}, attempts: 1 })
    try {
      return await use(client)
    } finally {
      client.close()
    }
  })

const all = async <A>(source: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const found: Array<A> = []
  for await (const one of source) found.push(one)
  return found
}

const failsWith = (failure: object): object => ({ name: 'ClientFailure', failure: expect.objectContaining(failure) })

describe('a response', () => {
  it('has its value and its text', () =>
    talking(
      entrypoint((payload) => ({ got: payload })),
      async ({ invoke }) => {
        const answer = await invoke(7)
        expect(answer).toMatchObject({ _tag: 'Json', value: { got: 7 }, text: '{"got":7}' })
        expect(await answer.toText()).toBe('{"got":7}\n')
      },
    ))

  it.each([
    ['the one that was sent', { 'x-amzn-requestid': 'r-9' }, 'r-9'],
    ['none where none was sent', {}, undefined],
  ])('has its request id: %s', async (_, headers, requestId) => {
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1')
      await Promise.resolve()
    }
    const { invoke } = createClient({
      url: 'http://localhost:1',
      variables: {},
      effects: {
        transport: () =>
          TE.right({ status: 200, headers: { 'content-type': 'application/json', ...headers }, body: body() }),
      },
    })
    expect((await invoke({})).requestId).toBe(requestId)
  })

  it('of events is a loop of events, whose ids are strings or undefined', () =>
    talking(
      entrypoint(async function* () {
        yield Sse.event({ event: 'tool', id: '7', data: [3] })
        yield 'words'
      }),
      async ({ invoke, events }) => {
        const expected: ReadonlyArray<PlainEvent> = [
          { event: 'tool', id: '7', data: [3], isJson: true, text: '[3]' },
          { event: 'message', id: undefined, data: 'words', isJson: true, text: '"words"' },
        ]
        const answer = await invoke({})
        expect(answer._tag === 'Events' && (await all(answer.events))).toEqual(expected)
        expect(await all(events({}))).toEqual(expected)
        expect(await (await invoke({})).toText()).toBe('[3]\nwords')
      },
    ))

  it('of one value is one event', () =>
    talking(
      entrypoint(() => [1]),
      async ({ events }) =>
        expect(await all(events({}))).toEqual([
          { event: 'message', id: undefined, data: [1], isJson: true, text: '[1]' },
        ]),
    ))

  it('throws what ends its stream, from its loop and from its text', () =>
    talking(
      entrypoint(async function* () {
        yield 1
        await Promise.resolve()
        throw AgentError.rejected(429, 'Enough')
      }),
      async ({ invoke }) => {
        const thrown = failsWith({ _tag: 'StreamFailure', message: 'Enough' })
        const answer = await invoke({})
        const seen: Array<unknown> = []
        const loop = async (): Promise<void> => {
          if (answer._tag === 'Events') for await (const { data } of answer.events) seen.push(data)
        }
        await expect(loop()).rejects.toMatchObject(thrown)
        expect(seen).toEqual([1])
        await expect((await invoke({})).toText()).rejects.toMatchObject(thrown)
      },
    ))

  it('ends the work of the agent when it is given up, before and after the first event', () => {
    const ended: Array<number> = []
    const open = gate()
    return talking(
      entrypoint(async function* (payload, { signal }) {
        signal.addEventListener('abort', () => void ended.push(payload as number))
        yield payload
        await open.opened
      }),
      async ({ invoke }) => {
        for (const n of [0, 1]) {
          const answer = await invoke(n)
          const iterator = answer._tag === 'Events' ? answer.events[Symbol.asyncIterator]() : undefined
          if (n === 1) expect(await iterator?.next()).toMatchObject({ value: { data: 1 } })
          await iterator?.return?.()
          await eventually(() => ended.includes(n), `the agent is done with ${n}`)
        }
        open.open()
      },
    )
  })

  it('of bytes is a loop of bytes', () =>
    talking(
      entrypoint(() => Reply.bytes(new Uint8Array([1, 2, 255]), 'image/png')),
      async ({ invoke }) => {
        const answer = await invoke({})
        expect(answer.contentType).toBe('image/png')
        expect(answer._tag === 'Bytes' && Buffer.concat(await all(answer.bytes))).toEqual(Buffer.from([1, 2, 255]))
      },
    ))

  it.each([
    ['io-ts', t.type({ total: t.number })],
    ['zod', z.object({ total: z.number() })],
  ])('is checked by a codec: %s', (_, codec) =>
    talking(
      entrypoint((payload) => payload),
      async ({ invokeAs }) => {
        expect(await invokeAs(codec, { total: 7 })).toEqual({ total: 7 })
        await expect(invokeAs(codec, { total: '7' })).rejects.toMatchObject(failsWith({ _tag: 'InvalidAnswer' }))
      },
    ),
  )
})

describe('a WebSocket', () => {
  const echo = websocket(async function* (messages) {
    for await (const message of messages) yield message
  })

  it('sends and receives by promises, until it is closed', () =>
    talking(echo, async ({ connect }) => {
      const socket = await connect()
      expect(socket.protocol).toBeUndefined()
      expect(socket.sessionId).toMatch(/^.{33,256}$/)
      await socket.send({ a: 1 })
      expect(await socket.receive()).toEqual({ a: 1 })
      socket.close()
      expect(await socket.receive()).toBeUndefined()
      expect(await socket.closed).toEqual({ code: 1000, reason: '' })
      await expect(socket.send(1)).rejects.toMatchObject(failsWith({ _tag: 'SocketClosed' }))
    }))

  it('is a loop over its messages, which another one continues', () =>
    talking(
      websocket(
        onSocket(async ({ send }) => {
          for (const n of [1, 2, 3]) await send(n)
        }),
      ),
      async ({ connect }) => {
        const { messages } = await connect()
        for await (const first of messages) {
          expect(first).toBe(1)
          break
        }
        expect(await all(messages)).toEqual([2, 3])
      },
    ))

  it('is typed by codecs, and throws what they reject', () =>
    talking(echo, async ({ connect }) => {
      const socket = await connect({ inbound: z.object({ n: z.number() }), outbound: z.unknown() })
      await socket.send({ n: 1 })
      const received: { readonly n: number } | undefined = await socket.receive()
      expect(received).toEqual({ n: 1 })
      await socket.send('no')
      await expect(socket.receive()).rejects.toMatchObject(failsWith({ _tag: 'InvalidAnswer' }))
    }))

  it('throws the refusal of the agent, as a call does', () =>
    talking(
      entrypoint(() => 1),
      ({ connect }) => expect(connect()).rejects.toMatchObject(failsWith({ _tag: 'AgentFailure', status: 404 })),
    ))

  it('throws from its loop for any end but 1000', () =>
    talking(
      websocket(
        onSocket((socket) => {
          socket.close(4001, 'moved')
        }),
      ),
      async ({ connect }) => {
        const { messages } = await connect()
        await expect(all(messages)).rejects.toMatchObject(failsWith({ _tag: 'SocketClosed', closeCode: 4001 }))
      },
    ))
})

describe('a shell', () => {
  const clientOf = (endpoint: string): Client => {
    const options: ClientOptions = { runtimeArn: arn, endpoint, credentials: keys, variables: {} }
    return createClient(options)
  }

  const textUntil = async (output: AsyncIterable<PlainOutput>, end: string): Promise<string> => {
    let text = ''
    for await (const one of output) {
      if (one._tag !== 'Status') text += Buffer.from(one.data).toString()
      if (text.includes(end)) break
    }
    return text
  }

  it('is written to and read by promises, left, and returned to', () =>
    shells(async (url) => {
      const client = clientOf(url)
      const first = await client.shell({ size: { width: 80, height: 24 } })
      expect(first.isReconnected).toBe(false)
      await first.write('a=7; echo ready\n')
      expect(await textUntil(first.output, 'ready')).toContain('ready')
      await expect(first.resize({ width: 0, height: 1 })).rejects.toMatchObject(failsWith({ _tag: 'InvalidParameter' }))
      first.leave()
      await first.closed
      const again = await client.shell(first)
      expect(again.isReconnected).toBe(true)
      await again.write('echo "a is $a"; exit 3\n')
      const written: Array<Uint8Array> = []
      const write = (data: Uint8Array, done: () => void): void => {
        written.push(data)
        done()
      }
      expect(await again.attach({ stdout: { write }, stderr: { write } })).toBe(3)
      expect(Buffer.concat(written).toString()).toContain('a is 7')
      expect(await again.receive()).toBeUndefined()
      client.close()
    }))
})

it('what is invalid rejects, as it does for functions of fp-ts', async () => {
  const client = createClient({ url: 'http://localhost:1', variables: {} })
  await expect(client.stopSession('short')).rejects.toMatchObject(failsWith({ _tag: 'InvalidSessionId' }))
  await expect(pipe(client.command('ls'), all)).rejects.toMatchObject(failsWith({ _tag: 'InvalidEndpoint' }))
})
