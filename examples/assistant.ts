/** An assistant: prompt, model, tokens, tool, tokens, with a memory of the session. `MODEL` chooses the model. */
import { createApp, entrypoint, rejected, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel } from './models/choose'
import { Message, runTool, tool, type ToolCall } from './models/model'

const Prompt = z.object({ prompt: z.string() })

const model = chooseModel(process.env)

const localTime = tool({
  name: 'local_time',
  description: 'The present time in a city, such as Tokyo',
  input: z.object({ city: z.string() }),
  run: ({ city }) => {
    const zone = Intl.supportedValuesOf('timeZone').find((name) => name.endsWith(`/${city.replaceAll(' ', '_')}`))
    return zone === undefined ? `I have no clock in ${city}` : new Date().toLocaleTimeString('en', { timeZone: zone })
  },
})

const tools = [localTime]

export const chat = stateful(
  z.array(Message), // what the session remembers
  [],
  async function* ({ prompt }: z.infer<typeof Prompt>, memory, { log, signal }) {
    const messages: Array<Message> = [...memory, { role: 'user', text: prompt }]
    for (let round = 0; round < 8; round++) {
      let text = ''
      const calls: Array<ToolCall> = []
      for await (const piece of model({ system: 'Answer briefly.', messages, tools, signal })) {
        if (typeof piece === 'string') {
          text += piece
          yield piece
        } else calls.push(piece)
      }
      messages.push({ role: 'assistant', text, calls })
      if (calls.length === 0) return messages // saved as the memory of the next turn
      log.info('Tools', { names: calls.map(({ name }) => name) })
      messages.push({ role: 'tool', results: await Promise.all(calls.map((call) => runTool(tools, call))) })
    }
    throw rejected(502, 'The model asked for tools eight times without an answer')
  },
)

export const agent = entrypoint(Prompt, chat)

export const app = createApp(agent)

if (require.main === module) void app.run()
