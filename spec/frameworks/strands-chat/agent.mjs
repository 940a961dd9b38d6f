/** A chat on Strands by `agentcore-fp/strands`, whose model does what the last message asks for. */
import { Agent, Model, ModelThrottledError, tool } from '@strands-agents/sdk'
import { cancellable, createApp, entrypoint, uiMessages } from 'agentcore-fp/plain'
import { strands, toUiMessages } from 'agentcore-fp/strands'
import { z } from 'zod'

const throttled = () => new ModelThrottledError('secret')

const begin = [{ type: 'modelMessageStartEvent', role: 'assistant' }, { type: 'modelContentBlockStartEvent' }]

const piece = (text) => ({ type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text } })

const end = (stopReason) => [{ type: 'modelContentBlockStopEvent' }, { type: 'modelMessageStopEvent', stopReason }]

const call = (name, input) => [
  { type: 'modelMessageStartEvent', role: 'assistant' },
  { type: 'modelContentBlockStartEvent', start: { type: 'toolUseStart', name, toolUseId: 'call-1' } },
  { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: JSON.stringify(input) } },
  ...end('toolUse'),
]

const model = Object.assign(Reflect.construct(Model, []), {
  updateConfig: () => undefined,
  getConfig: () => ({ modelId: 'offline' }),
  async *stream(messages, { cancelSignal }) {
    const last = messages.at(-1).content[0]
    if (last.type === 'toolResultBlock') {
      yield* [...begin, piece(`Tool said ${last.content[0].text}`), ...end('endTurn')]
      return
    }
    switch (last.text) {
      case 'fail':
        throw throttled()
      case 'fail amid':
        yield* [...begin, piece('Half')]
        throw throttled()
      case 'wait':
        yield* [...begin, piece('Wait')]
        await new Promise((resolve) => cancelSignal.addEventListener('abort', resolve))
        return
      case 'shout':
      case 'confirm':
        yield* call(last.text, { text: 'tea' })
        return
      case 'count':
        yield* [...begin, piece(`${messages.length} messages`), ...end('endTurn')]
        return
      default:
        yield* [...begin, piece('You said: '), piece(last.text), ...end('endTurn')]
    }
  },
})

const inputSchema = z.object({ text: z.string() })

const tools = [
  tool({ name: 'shout', description: 'Says it louder', inputSchema, callback: ({ text }) => text.toUpperCase() }),
  tool({
    name: 'confirm',
    description: 'Asks a person',
    inputSchema,
    callback: ({ text }, context) => `${text}: ${context.interrupt({ name: 'order', reason: text })}`,
  }),
]

const make = () => new Agent({ model, tools, printer: false, retryStrategy: null })

const answer = strands(make)

let ended = 0

const chat = uiMessages(async (payload, context) => {
  const { text } = payload.messages.at(-1).parts[0]
  context.signal.addEventListener('abort', () => (ended += 1))
  if (text === 'throw') throw throttled()
  const output = async function* (events) {
    yield* toUiMessages(events)
    if (text === 'throw after') throw throttled()
  }
  return strands(make, { output })(payload, context)
})

const Stop = z.object({ stop: z.literal(true) })

export const app = createApp(
  entrypoint(
    cancellable(Stop, (payload, context) => {
      if ('ended' in payload) return { ended }
      return 'messages' in payload ? chat(payload, context) : answer(payload, context)
    }),
  ),
)
