/** An agent on Mastra: it streams tokens, calls a tool, and remembers the conversation of each session. */
import { Agent } from '@mastra/core/agent'
import type { MessageInput } from '@mastra/core/agent/message-list'
import type { MastraModelConfig } from '@mastra/core/llm'
import { createTool } from '@mastra/core/tools'
import { AgentError, cancellable, createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { scriptedModel } from './model.js'

const Prompt = z.object({ prompt: z.string().min(1) })
type Prompt = z.infer<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

/** The messages of a conversation, as JSON. */
const Memory = z.array(z.custom<MessageInput>((value) => typeof value === 'object' && value !== null))

const clock = createTool({
  id: 'clock',
  description: 'The present time in a time zone',
  inputSchema: z.object({ zone: z.string().describe('An IANA time zone, such as Asia/Tokyo') }),
  execute: async ({ zone }) => new Date().toLocaleTimeString('en', { timeZone: zone }),
})

/** The memory is saved when a turn is over, so that one which fails or is cancelled leaves it as it was. */
const chat = (model: MastraModelConfig) => {
  const assistant = new Agent({
    id: 'assistant',
    name: 'Assistant',
    instructions: 'Answer briefly.',
    tools: { clock },
    model,
  })
  return stateful(Memory, [], async function* ({ prompt }: Prompt, memory, { signal }) {
    const messages: Array<MessageInput> = [...memory, { role: 'user', content: prompt }]
    const output = await assistant.stream(messages, { abortSignal: signal, maxSteps: 10 })
    yield* output.textStream
    // A failure ends the stream without throwing.
    if (output.error !== undefined) throw AgentError.fromModel(output.error)
    const { messages: answer = [] } = await output.response
    return [...messages, ...answer]
  })
}

export const createAgent = (model: MastraModelConfig) =>
  entrypoint(z.union([Stop, Prompt]), cancellable(Stop, chat(model)))

export const app = createApp(createAgent(scriptedModel))
