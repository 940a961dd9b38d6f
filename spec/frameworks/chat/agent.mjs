/** A chat for the AI SDK's own client, version 6 or 7, whose model does what the last message asks for. */
import * as sdk from 'ai'
import * as models from 'ai/test'
import { AgentError, cancellable, createApp, entrypoint, uiMessages } from 'agentcore-fp/plain'
import { z } from 'zod'

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }

/** What a provider answers to too many requests. */
const throttled = () =>
  new sdk.APICallError({
    message: 'secret',
    url: 'https://model.example.org/',
    requestBodyValues: {},
    statusCode: 429,
    responseHeaders: { 'retry-after': '7' },
    isRetryable: false,
  })

const textOf = (...words) => [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: '1' },
  ...words.map((delta) => ({ type: 'text-delta', id: '1', delta })),
]

const whole = (...words) => [
  ...textOf(...words),
  { type: 'text-end', id: '1' },
  { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
]

/** The parts of the model's answer; `signal` aborts one that never comes. */
const partsOf = async function* (text, signal) {
  switch (text) {
    case 'fail':
      throw throttled()
    case 'fail amid':
      yield* textOf('Half')
      throw throttled()
    case 'wait':
      yield* textOf('Wait')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return
    default:
      yield* whole('You said: ', text)
  }
}

const Mock = models.MockLanguageModelV4 ?? models.MockLanguageModelV3

const model = new Mock({
  doStream: async ({ prompt, abortSignal }) => ({
    stream: ReadableStream.from(partsOf(prompt.at(-1).content[0].text, abortSignal)),
  }),
})

const onError = (error) => AgentError.problem(AgentError.fromModel(error)).message

/** The chunks of an answer, as each version has them. */
const chunksOf = (result) =>
  sdk.toUIMessageStream === undefined
    ? result.toUIMessageStream({ onError })
    : sdk.toUIMessageStream({ stream: result.stream, onError })

/** Those of an answer after which the handler still fails, as one does that cannot save the conversation. */
const failAfter = async function* (chunks) {
  yield* chunks
  throw throttled()
}

const Chat = z.object({ messages: z.array(z.custom()) })
const Stop = z.object({ stop: z.literal(true) })

let ended = 0

export const app = createApp(
  entrypoint(
    z.union([Stop, Chat, z.object({ ended: z.literal(true) })]),
    cancellable(Stop, (payload, context) => ('ended' in payload ? { ended } : answer(payload, context))),
  ),
)

const answer = uiMessages(async ({ messages }, { signal }) => {
  const text = messages.at(-1).parts[0].text
  signal.addEventListener('abort', () => (ended += 1))
  if (text === 'throw') throw throttled()
  const chunks = chunksOf(
    sdk.streamText({
      model,
      messages: await sdk.convertToModelMessages(messages),
      abortSignal: signal,
      maxRetries: 0,
      onError: () => undefined, // `onError` of the chunks tells the page
    }),
  )
  return text === 'throw after' ? failAfter(chunks) : chunks
})
