/** A chat agent: it streams the answer of a model, and remembers the conversation of each session. */
import { cancellable, createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel, Message, type Model } from './model.js'

const Prompt = z.object({ prompt: z.string().min(1) })
type Prompt = z.infer<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

/** Turns of one session run one at a time; what the generator returns is the memory of the next turn. */
const chat = (model: Model) =>
  stateful(z.array(Message), [], async function* ({ prompt }: Prompt, memory, { signal }) {
    const messages: Array<Message> = [...memory, { role: 'user', content: prompt }]
    let content = ''
    for await (const text of model(messages, signal)) {
      content += text
      yield text // sent at once
    }
    return [...messages, { role: 'assistant' as const, content }]
  })

export const createAgent = (model: Model) => entrypoint(z.union([Stop, Prompt]), cancellable(Stop, chat(model)))

export const app = createApp(createAgent(chooseModel(process.env)))
