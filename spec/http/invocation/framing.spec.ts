/** How streams report their failure and their end to clients that expect events of their own for them. */
import { ReadableStream } from 'node:stream/web'
import * as TE from 'fp-ts/TaskEither'
import { AgentError, createApp, entrypoint, Handler, Reply, Sse } from '../../../lib'
import * as Plain from '../../../lib/plain'

type Chunk = Reply.UiMessageChunk & { readonly delta?: string }

const hello: ReadonlyArray<Chunk> = [
  { type: 'text-start' },
  { type: 'text-delta', delta: 'Hello' },
  { type: 'text-end' },
]

const framesOf = (...values: ReadonlyArray<unknown>): string =>
  values.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('')

interface Got {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const ask = async (
  agent: Parameters<typeof createApp>[0],
  options: Parameters<typeof createApp>[1] = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Got> => {
  const app = createApp(agent, { log: { level: 'silent' }, ...options })
  const response = await app.inject('/invocations', { method: 'POST', body: '{}', headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('a stream with a framing', () => {
  const framed = (source: Reply.Source, framing: Reply.Framing) =>
    entrypoint(Handler.fromSync(() => Reply.events(source, framing)))

  const openAi: Reply.Framing = {
    failure: ({ message, code }, requestId) => [{ error: { message, code, requestId } }],
    end: [Sse.raw({ data: '[DONE]' })],
  }

  const breaking = async function* (): AsyncGenerator<number> {
    yield 1
    throw AgentError.rejected(409, 'Sold out')
  }

  it('ends with the closing events when it completes, be it empty or long', async () => {
    expect((await ask(framed([1, 2], openAi))).text).toBe(framesOf(1, 2, '[DONE]'))
    expect((await ask(framed([], openAi))).text).toBe(framesOf('[DONE]'))
    const long = Array.from({ length: 20_000 }, (_, n) => n)
    expect((await ask(framed(long, openAi))).text).toBe(framesOf(...long, '[DONE]'))
  })

  it('ends with the events of the failure when it fails, and without those of completion', async () => {
    const { text, headers } = await ask(framed(breaking(), openAi))
    const requestId = headers.get('x-request-id') ?? /"requestId":"([^"]+)"/.exec(text)?.[1]
    expect(text).toBe(framesOf(1, { error: { message: 'Sold out', code: 'REJECTED', requestId } }))
  })

  it('is an error response when it fails before its first event, unless it asks for events', async () => {
    const source = { next: () => Promise.reject(new Error('secret')) }
    expect((await ask(framed(source, openAi))).status).toBe(500)
    const early = await ask(framed(source, { ...openAi, early: 'events' }))
    expect(early.status).toBe(200)
    expect(early.text).toMatch(/^data: {"error":{"message":"Internal Server Error","code":"INTERNAL_ERROR"/)
    const noIterator = {
      [Symbol.asyncIterator]: () => {
        throw new Error('secret')
      },
    }
    const { status, text } = await ask(framed(noIterator, { ...openAi, early: 'events' }))
    expect([status, text.replace(/[0-9a-f-]{36}/, '')]).toEqual([200, early.text.replace(/[0-9a-f-]{36}/, '')])
  })

  it('falls back to the default frame where its own cannot be made', async () => {
    const broken = {
      failure: () => {
        throw new Error('a bug')
      },
    }
    expect((await ask(framed(breaking(), broken))).text).toMatch(/^data: 1\n\nevent: error\ndata: {"error":"Sold out"/)
    expect((await ask(framed(breaking(), { failure: () => [1n] }))).text).toMatch(/event: error/)
  })

  it('is refused where its closing events cannot be sent, and its source is closed', async () => {
    let isClosed = false
    const source = {
      next: () => ({ done: true, value: 0 }) as const,
      return: () => {
        isClosed = true
        return { done: true, value: 0 } as const
      },
    }
    expect(await ask(framed(source, { end: [1n] }))).toMatchObject({ status: 500 })
    expect(isClosed).toBe(true)
  })

  it('tells failures by its own function', async () => {
    const source = { next: () => Promise.reject(Object.assign(new Error('secret'), { status: 429 })) }
    expect((await ask(framed(source, { toError: AgentError.fromModel }))).status).toBe(503)
  })
})

describe('a UI message stream', () => {
  const done = framesOf('[DONE]')

  const failure = (errorText: string): string => framesOf({ type: 'error', errorText }) + done

  const throttled = Object.assign(new Error('secret'), { name: 'AI_APICallError', statusCode: 429 })

  const broken = async function* (): AsyncGenerator<Chunk> {
    yield* hello.slice(0, 2)
    throw throttled
  }

  const stream = new ReadableStream<Chunk>({
    start: (controller) => {
      hello.forEach((chunk) => controller.enqueue(chunk))
      controller.close()
    },
  })

  it.each<readonly [string, Parameters<typeof createApp>[0]]>([
    ['an array', entrypoint(Handler.fromSync(() => Reply.uiMessages(hello)))],
    ['a ReadableStream', entrypoint(Handler.uiMessages(Handler.fromAsync(() => Promise.resolve(stream))))],
    ['a generator', entrypoint(Handler.uiMessages(Handler.fromGenerator(() => hello)))],
    ['a plain function', Plain.entrypoint(Plain.uiMessages(async () => Promise.resolve(hello)))],
    [
      'a plain generator',
      Plain.entrypoint(
        Plain.uiMessages(function* () {
          yield* hello
        }),
      ),
    ],
  ])('of %s has the header, the chunks and the closing frame', async (_, agent) => {
    const { status, headers, text } = await ask(agent)
    expect([status, headers.get('x-vercel-ai-ui-message-stream')]).toEqual([200, 'v1'])
    expect(headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(text).toBe(framesOf(...hello) + done)
  })

  it.each<readonly [string, Parameters<typeof createApp>[0], string]>([
    [
      'a left of the handler',
      entrypoint(Handler.uiMessages(() => TE.left(AgentError.rejected(409, 'Sold out')))),
      failure('Sold out'),
    ],
    [
      'what a plain handler throws',
      Plain.entrypoint(
        Plain.uiMessages(() => {
          throw throttled
        }),
      ),
      failure('The model is busy: try again later'),
    ],
    [
      'what nobody may see',
      Plain.entrypoint(
        Plain.uiMessages(() => {
          throw new Error('secret')
        }),
      ),
      failure('Internal Server Error'),
    ],
    [
      'a failure amid the stream',
      entrypoint(Handler.uiMessages(Handler.fromGenerator(broken))),
      framesOf(...hello.slice(0, 2)) + failure('The model is busy: try again later'),
    ],
    [
      'an answer that is no stream',
      Plain.entrypoint(Plain.uiMessages((() => 7) as unknown as () => ReadonlyArray<Chunk>)),
      failure(
        'The response cannot be encoded as JSON: uiMessages needs a handler that responds with a stream of chunks',
      ),
    ],
  ])('has %s as a chunk', async (_, agent, text) => {
    expect(await ask(agent)).toMatchObject({ status: 200, text })
  })

  it('shows what was thrown with debug', async () => {
    const agent = Plain.entrypoint(
      Plain.uiMessages(() => {
        throw new Error('the cause')
      }),
    )
    expect((await ask(agent, { debug: true })).text).toBe(failure('the cause'))
  })

  it('ends with an abort chunk when its session is cancelled, and closes its source', async () => {
    let closed = 0
    let isPulled: () => void = () => undefined
    const pulled = new Promise<void>((resolve) => {
      isPulled = resolve
    })
    const slow: AsyncIterator<Chunk> = {
      next: () => {
        isPulled()
        return new Promise(() => undefined)
      },
      return: () => {
        closed += 1
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    const app = createApp(entrypoint(Handler.fromSync(() => Reply.uiMessages(slow))), { log: { level: 'silent' } })
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 's'.repeat(33) }
    const response = await app.inject('/invocations', { method: 'POST', body: '{}', headers })
    await pulled
    expect(app.cancel('s'.repeat(33))()).toBe(1)
    expect(await response.text()).toBe(
      framesOf({ type: 'abort', reason: 'The work of this session was cancelled' }) + done,
    )
    expect(closed).toBe(1)
  })

  it('keeps the state of a session by the order in which handlers are made', async () => {
    const { z } = await import('zod')
    const count = Plain.stateful(z.number(), 0, async function* (_: unknown, n) {
      yield { type: 'data-count', data: n }
      return n + 1
    })
    const app = Plain.createApp(Plain.entrypoint(Plain.uiMessages(count)), { log: { level: 'silent' } })
    const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': 's'.repeat(33) }
    for (const n of [0, 1]) {
      const response = await app.inject('/invocations', { method: 'POST', body: '{}', headers })
      expect(await response.text()).toBe(framesOf({ type: 'data-count', data: n }) + done)
    }
  })

  it('is refused to a client that accepts no stream', async () => {
    const agent = entrypoint(Handler.uiMessages(Handler.fromGenerator(() => hello)))
    expect((await ask(agent, {}, { accept: 'application/json' })).status).toBe(406)
  })
})
