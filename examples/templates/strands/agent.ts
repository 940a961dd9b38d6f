/** An agent on Strands Agents: it streams tokens, calls a tool, and remembers the conversation of each session. */
import { Agent, type Model, type Snapshot, tool } from '@strands-agents/sdk'
import { cancellable, createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel } from './model.js'

const Prompt = z.object({ prompt: z.string().min(1) })
type Prompt = z.infer<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

/** What Strands remembers of a conversation, as JSON; null before the first turn. */
const Memory = z.custom<Snapshot>((value) => typeof value === 'object' && value !== null).nullable()

const clock = tool({
  name: 'clock',
  description: 'The present time in a time zone',
  inputSchema: z.object({ zone: z.string().describe('An IANA time zone, such as Asia/Tokyo') }),
  callback: ({ zone }) => new Date().toLocaleTimeString('en', { timeZone: zone }),
})

/** A fresh agent for each turn, so that sessions share nothing and a turn that fails leaves the memory as it was. */
const chat = (model: Model) =>
  stateful(Memory, null, async function* ({ prompt }: Prompt, memory, { signal }) {
    const agent = new Agent({ model, tools: [clock], systemPrompt: 'Answer briefly.', printer: false })
    if (memory !== null) agent.loadSnapshot(memory)
    for await (const event of agent.stream(prompt, { cancelSignal: signal })) {
      if (event.type !== 'modelStreamUpdateEvent' || event.event.type !== 'modelContentBlockDeltaEvent') continue
      const { delta } = event.event
      if (delta.type === 'textDelta') yield delta.text
    }
    return agent.takeSnapshot({ preset: 'session' })
  })

export const createAgent = (model: Model) => entrypoint(z.union([Stop, Prompt]), cancellable(Stop, chat(model)))

export const app = createApp(createAgent(chooseModel(process.env)))
