/** A chat agent: it streams the answer of a model, and remembers the conversation of each session. */
import { createApp, entrypoint, stateful } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel, Message, type Model } from './model.js'

const Prompt = z.object({ prompt: z.string().min(1) })

export const createAgent = (model: Model) =>
  entrypoint(
    Prompt,
    stateful(z.array(Message), [], async function* ({ prompt }, memory, { signal }) {
      const messages: Array<Message> = [...memory, { role: 'user', content: prompt }]
      let content = ''
      for await (const text of model(messages, signal)) {
        content += text
        yield text // sent at once
      }
      return [...messages, { role: 'assistant' as const, content }] // the memory of the next turn
    }),
  )

export const app = createApp(createAgent(chooseModel(process.env)))
