/** An agent on Strands: its loop, a tool and a model that needs no network. */
import { Agent, Model, tool } from '@strands-agents/sdk'
import { createApp, entrypoint, onMessage, websocket } from 'agentcore-fp/plain'
import { pipe } from 'agentcore-fp/fp'
import { z } from 'zod'

const text = (content) => [
  { type: 'modelMessageStartEvent', role: 'assistant' },
  { type: 'modelContentBlockStartEvent' },
  ...content.map((part) => ({ type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text: part } })),
  { type: 'modelContentBlockStopEvent' },
  { type: 'modelMessageStopEvent', stopReason: 'endTurn' },
]

const call = (name, input) => [
  { type: 'modelMessageStartEvent', role: 'assistant' },
  { type: 'modelContentBlockStartEvent', start: { type: 'toolUseStart', name, toolUseId: 'call-1' } },
  { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: JSON.stringify(input) } },
  { type: 'modelContentBlockStopEvent' },
  { type: 'modelMessageStopEvent', stopReason: 'toolUse' },
]

/** Asks for the tool, then says what it gave. */
const model = Object.assign(Reflect.construct(Model, []), {
  updateConfig: () => undefined,
  getConfig: () => ({ modelId: 'offline' }),
  async *stream(messages) {
    const last = messages.at(-1).content[0]
    yield* last.type === 'toolResultBlock'
      ? text(['Tool', ' said ', last.content[0].text])
      : call('shout', { text: last.text })
  },
})

const shout = tool({
  name: 'shout',
  description: 'Says it louder',
  inputSchema: z.object({ text: z.string() }),
  callback: ({ text }) => text.toUpperCase(),
})

const make = () => new Agent({ model, tools: [shout], printer: false })

async function* tokens(prompt, signal) {
  for await (const event of make().stream(prompt, { cancelSignal: signal })) {
    if (event.type !== 'modelStreamUpdateEvent') continue
    const { type, delta } = event.event
    if (type === 'modelContentBlockDeltaEvent' && delta.type === 'textDelta') yield delta.text
  }
}

const answer = async (prompt, signal) => (await make().invoke(prompt, { cancelSignal: signal })).toString()

const Prompt = z.object({ prompt: z.string(), stream: z.boolean().optional() })

export const app = createApp(
  pipe(
    entrypoint(Prompt, async ({ prompt, stream }, { signal }) =>
      stream ? tokens(prompt, signal) : { answer: await answer(prompt, signal) },
    ),
    websocket(
      { inbound: z.string(), outbound: z.string() },
      onMessage((prompt, { signal }) => answer(prompt, signal)),
    ),
  ),
)
