/** An agent on the OpenAI Agents SDK: its runner and a tool, over its own scripted model. */
import { Agent, run, setTracingDisabled, tool } from '@openai/agents'
import {
  assistantMessage,
  functionCall,
  modelResponder,
  modelResponse,
  ScriptedModel,
} from '@openai/agents-core/testing'
import { createApp, entrypoint } from 'agentcore-fp/plain'
import { z } from 'zod'

setTracingDisabled(true)

const shout = tool({
  name: 'shout',
  description: 'Says it louder',
  parameters: z.object({ text: z.string() }),
  execute: ({ text }) => text.toUpperCase(),
})

/** Asks for the tool, then says what it gave. */
const make = (prompt) =>
  new Agent({
    name: 'Assistant',
    tools: [shout],
    model: new ScriptedModel([
      modelResponse([functionCall('shout', { text: prompt }, { callId: 'call-1' })]),
      modelResponder(({ request }) => [assistantMessage(`Tool said ${request.input.at(-1).output.text}`)]),
    ]),
  })

export const app = createApp(
  entrypoint(async ({ prompt, stream }, { signal }) =>
    stream
      ? (await run(make(prompt), prompt, { signal, stream: true })).toTextStream()
      : { answer: (await run(make(prompt), prompt, { signal })).finalOutput },
  ),
)
