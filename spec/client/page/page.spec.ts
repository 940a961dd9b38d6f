/** What a page asks of an agent by `fetch`, here that of Node, against agents on a port. */
import {
  chatTransport,
  type ChatRequest,
  type ChatTransportSettings,
  deriveSessionId,
  isClientFailure,
  streamInvoke,
} from '../../../lib/client/browser'
import type { Event } from '../../../lib/client/response/SseDecoder'
import { entrypoint, rejected } from '../../../lib/plain'
import { aborted, type Closed, gate, served } from '../../http/support'
import { arn, keys } from '../support'
import { z } from 'zod'

const Stop = z.object({ stop: z.literal(true) })
const Chat = z.object({ prompt: z.string() })

/** Streams words. */
const talking = entrypoint(Chat, async function* ({ prompt }) {
  if (prompt === 'refuse') throw rejected(409, 'busy', { since: 7 })
  yield* prompt.split(' ')
  if (prompt === 'fail amid') throw rejected(503, 'the model is overloaded')
})

/** One that tells of a stop, and of which session. */
const stoppable = (onStop: (sessionId: string) => void): Closed<{}> =>
  entrypoint(z.union([Stop, Chat]), async function* (payload, { sessionId, signal }) {
    if ('stop' in payload) return onStop(sessionId)
    yield payload.prompt
    if (payload.prompt === 'wait') await aborted(signal)
  })

const failureOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const thrown: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return isClientFailure(thrown) ? thrown.failure : thrown
}

describe('streamInvoke', () => {
  const told = (events: Array<Event>) => ({ onEvent: (event: Event): void => void events.push(event) })

  it('hands over the events of a stream, and gives the session', () =>
    served(talking, async ({ url }) => {
      const events: Array<Event> = []
      const { sessionId } = await streamInvoke(url, { prompt: 'one two' }, told(events))
      expect(events.map(({ data }) => data)).toEqual(['one', 'two'])
      expect(sessionId).toMatch(/^.{33,}$/)
    }))

  it('hands over a response of JSON as one event', () =>
    served(
      entrypoint(() => ({ sum: 3 })),
      async ({ url }) => {
        const events: Array<Event> = []
        const sessionId = deriveSessionId('chat-1')
        expect(await streamInvoke({ url }, {}, { ...told(events), sessionId })).toEqual({ sessionId })
        expect(events).toMatchObject([{ event: 'message', data: { sum: 3 }, isJson: true }])
      },
    ))

  it.each([
    ['refuse', { _tag: 'AgentFailure', code: 'REJECTED', message: 'busy', details: { since: 7 } }],
    ['fail amid', { _tag: 'StreamFailure', message: 'the model is overloaded' }],
  ])('rejects with what the agent says of a failure: %s', async (prompt, expected) =>
    served(talking, async ({ url }) => {
      expect(await failureOf(streamInvoke(url, { prompt }, told([])))).toMatchObject(expected)
    }),
  )

  it('rejects what it cannot send, and an agent that is not there', async () => {
    expect(await failureOf(streamInvoke('no url', {}, told([])))).toMatchObject({ _tag: 'InvalidEndpoint' })
    expect(await failureOf(streamInvoke('http://127.0.0.1:9', 1n, told([])))).toMatchObject({ _tag: 'Unencodable' })
    expect(await failureOf(streamInvoke('http://127.0.0.1:9', {}, told([])))).toMatchObject({
      _tag: 'ConnectionFailed',
      host: '127.0.0.1:9',
    })
  })

  it('asks the agent to stop, in the same session, when its signal aborts', async () => {
    const stopped = gate<string>()
    await served(stoppable(stopped.open), async ({ url }) => {
      const controller = new AbortController()
      const sessionId = deriveSessionId('chat-2')
      const invoking = streamInvoke(
        url,
        { prompt: 'wait' },
        { sessionId, onEvent: () => controller.abort(), signal: controller.signal, stop: { stop: true } },
      )
      expect(await failureOf(invoking)).toMatchObject({ _tag: 'Aborted' })
      expect(await stopped.opened).toBe(sessionId)
    })
  })
})

describe('chatTransport', () => {
  const request = { id: 'chat-3', messages: ['first', 'last'], trigger: 'submit-message', messageId: undefined }

  /** As `DefaultChatTransport` uses its options. */
  const sent = async (settings: ChatTransportSettings, signal?: AbortSignal): Promise<Response> => {
    const { body, headers } = await settings.prepareSendMessagesRequest({ ...request, body: { model: 'small' } })
    return settings.fetch(settings.api, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  it.each([
    ['all', {}, { ...request, model: 'small' }],
    ['last', { messages: 'last' as const }, { ...request, messages: ['last'], model: 'small' }],
    ['own', { toPayload: ({ id }: ChatRequest) => ({ chat: id }) }, { chat: 'chat-3', model: 'small' }],
  ])('sends the messages of a chat in its session: %s', async (_, options, payload) => {
    const seen = entrypoint((given: unknown, { sessionId, headers }) => ({
      given,
      sessionId,
      token: headers.get('authorization'),
    }))
    await served(seen, async ({ url }) => {
      const response = await sent(chatTransport({ url, bearerToken: () => 'a.b.c', ...options }))
      expect(await response.json()).toEqual({
        given: JSON.parse(JSON.stringify(payload)) as unknown,
        sessionId: deriveSessionId('chat-3'),
        token: 'Bearer a.b.c',
      })
    })
  })

  it('signs with temporary credentials what is sent to AWS', async () => {
    const settings = chatTransport({ runtimeArn: arn, credentials: keys })
    expect(settings.api).toBe(
      `https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/${encodeURIComponent(arn)}/invocations`,
    )
    const { headers } = await settings.prepareSendMessagesRequest(request)
    expect(headers['Authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//)
  })

  it('asks the agent to stop when a chat is stopped, and not once its response has ended', async () => {
    const stops: Array<string> = []
    const stopped = gate<string>()
    const agent = stoppable((sessionId) => {
      stops.push(sessionId)
      stopped.open(sessionId)
    })
    await served(agent, async ({ url }) => {
      const settings = chatTransport({ url, stop: { stop: true }, toPayload: () => ({ prompt: 'short' }) })
      const early = new AbortController()
      expect(await (await sent(settings, early.signal)).text()).toContain('short')
      early.abort()
      const waiting = chatTransport({ url, stop: { stop: true }, toPayload: () => ({ prompt: 'wait' }) })
      const late = new AbortController()
      const reader = (await sent(waiting, late.signal)).body?.getReader()
      await reader?.read()
      late.abort()
      await expect(reader?.read()).rejects.toMatchObject({ name: 'AbortError' })
      await stopped.opened
      expect(stops).toEqual([deriveSessionId('chat-3')])
    })
  })

  it('reports a stop that fails', async () => {
    const failed = gate<Error>()
    const agent = entrypoint(async function* (payload: unknown, { signal }) {
      if (JSON.stringify(payload).includes('stop')) throw rejected(403, 'you may not')
      yield 'one'
      await aborted(signal)
    })
    await served(agent, async ({ url }) => {
      const settings = chatTransport({ url, stop: { stop: true }, onStopFailure: failed.open })
      const controller = new AbortController()
      await (await sent(settings, controller.signal)).body?.getReader().read()
      controller.abort()
      expect((await failed.opened).message).toContain('you may not')
    })
  })

  it('is invalid without an agent', () => {
    expect(() => chatTransport({})).toThrow('pass either runtimeArn or url')
  })
})
