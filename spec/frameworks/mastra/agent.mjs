/** An agent on Mastra, over the mock model of `ai/test`. */
import { Agent } from '@mastra/core/agent'
import { createTool } from '@mastra/core/tools'
import { simulateReadableStream } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { createApp, entrypoint } from 'agentcore-fp/plain'
import { z } from 'zod'

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }

const finish = (unified) => ({ type: 'finish', finishReason: { unified, raw: unified }, usage })

const partsOf = (messages) => {
  const last = messages.at(-1)
  const [part] = last.content
  return last.role === 'tool'
    ? [
        { type: 'text-start', id: '1' },
        ...['Tool', ' said ', part.output.value].map((delta) => ({ type: 'text-delta', id: '1', delta })),
        { type: 'text-end', id: '1' },
        finish('stop'),
      ]
    : [
        { type: 'tool-call', toolCallId: 'call-1', toolName: 'shout', input: JSON.stringify({ text: part.text }) },
        finish('tool-calls'),
      ]
}

const model = new MockLanguageModelV4({
  doStream: async ({ prompt }) => ({
    stream: simulateReadableStream({ chunks: [{ type: 'stream-start', warnings: [] }, ...partsOf(prompt)] }),
  }),
})

const shout = createTool({
  id: 'shout',
  description: 'Says it louder',
  inputSchema: z.object({ text: z.string() }),
  execute: async ({ text }) => text.toUpperCase(),
})

const agent = new Agent({ id: 'assistant', name: 'Assistant', instructions: 'Be kind', model, tools: { shout } })

export const app = createApp(
  entrypoint(async ({ prompt, stream }, { signal }) => {
    const { textStream, text } = await agent.stream(prompt, { abortSignal: signal })
    return stream ? textStream : { answer: await text }
  }),
)
