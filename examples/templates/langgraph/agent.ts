/** An agent on LangGraph: it streams tokens, calls a tool, and remembers the conversation of each session. */
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  type StoredMessage,
} from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { cancellable, createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { createAgent as createGraph } from 'langchain'
import { z } from 'zod'
import { ScriptedModel } from './model.js'

const Prompt = z.object({ prompt: z.string().min(1) })
type Prompt = z.infer<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

/** The messages of a conversation, as JSON. */
const Memory = z.array(z.custom<StoredMessage>((value) => typeof value === 'object' && value !== null))

const clock = tool(({ zone }) => new Date().toLocaleTimeString('en', { timeZone: zone }), {
  name: 'clock',
  description: 'The present time in a time zone',
  schema: z.object({ zone: z.string().describe('An IANA time zone, such as Asia/Tokyo') }),
})

/** The memory is saved when a turn is over, so that one which fails or is cancelled leaves it as it was. */
const chat = (model: BaseChatModel) => {
  const graph = createGraph({ model, tools: [clock], systemPrompt: 'Answer briefly.' })
  return stateful(Memory, [], async function* ({ prompt }: Prompt, memory, { signal }) {
    let messages: ReadonlyArray<BaseMessage> = []
    const input = { messages: [...mapStoredMessagesToChatMessages(memory), new HumanMessage(prompt)] }
    for await (const [mode, data] of await graph.stream(input, { signal, streamMode: ['messages', 'values'] })) {
      if (mode === 'values') messages = data.messages
      else if (AIMessage.isInstance(data[0]) && data[0].text !== '') yield data[0].text
    }
    return mapChatMessagesToStoredMessages([...messages])
  })
}

export const createAgent = (model: BaseChatModel) => entrypoint(z.union([Stop, Prompt]), cancellable(Stop, chat(model)))

export const app = createApp(createAgent(new ScriptedModel()))
