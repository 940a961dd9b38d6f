/** An agent on the OpenAI Agents SDK: it streams tokens, calls a tool, and remembers the conversation of each session. */
import { Agent, type AgentInputItem, type Model, run, setTracingDisabled, tool } from '@openai/agents'
import { cancellable, createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel } from './model.js'

setTracingDisabled(process.env['OPENAI_API_KEY'] === undefined) // traces go to OpenAI

const Prompt = z.object({ prompt: z.string().min(1) })
type Prompt = z.infer<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

/** The items of a conversation, as JSON. */
const Memory = z.array(z.custom<AgentInputItem>((value) => typeof value === 'object' && value !== null))

const clock = tool({
  name: 'clock',
  description: 'The present time in a time zone',
  parameters: z.object({ zone: z.string().describe('An IANA time zone, such as Asia/Tokyo') }),
  execute: ({ zone }) => new Date().toLocaleTimeString('en', { timeZone: zone }),
})

/** The memory is saved when a turn is over, so that one which fails or is cancelled leaves it as it was. */
const chat = (model: Model | string) => {
  const agent = new Agent({ name: 'Assistant', instructions: 'Answer briefly.', tools: [clock], model })
  return stateful(Memory, [], async function* ({ prompt }: Prompt, memory, { signal }) {
    const result = await run(agent, [...memory, { role: 'user', content: prompt }], { signal, stream: true })
    yield* result.toTextStream()
    await result.completed // rejects if the turn has failed
    return result.history
  })
}

export const createAgent = (model: Model | string) =>
  entrypoint(z.union([Stop, Prompt]), cancellable(Stop, chat(model)))

export const app = createApp(createAgent(chooseModel(process.env)))
