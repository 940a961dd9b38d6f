/** An agent on version 7 of the AI SDK: its tool loop, over the mock model of `ai/test`. */
import { simulateReadableStream, stepCountIs, tool, ToolLoopAgent } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { createApp, entrypoint, onMessage, websocket } from 'agentcore-fp/plain'
import { pipe } from 'agentcore-fp/fp'
import { z } from 'zod'

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }

const finish = (unified) => ({ finishReason: { unified, raw: unified }, usage })

/** Asks for the tool, then says what it gave. */
const nextOf = (messages) => {
  const last = messages.at(-1)
  const [part] = last.content
  return last.role === 'tool'
    ? { words: ['Tool', ' said ', part.output.value] }
    : { call: { toolCallId: 'call-1', toolName: 'shout', input: JSON.stringify({ text: part.text }) } }
}

const partsOf = ({ call, words = [] }) =>
  call === undefined
    ? [
        { type: 'text-start', id: '1' },
        ...words.map((delta) => ({ type: 'text-delta', id: '1', delta })),
        { type: 'text-end', id: '1' },
        { type: 'finish', ...finish('stop') },
      ]
    : [
        { type: 'tool-call', ...call },
        { type: 'finish', ...finish('tool-calls') },
      ]

const model = new MockLanguageModelV4({
  doGenerate: async ({ prompt }) => {
    const { call, words = [] } = nextOf(prompt)
    return call === undefined
      ? { content: [{ type: 'text', text: words.join('') }], ...finish('stop'), warnings: [] }
      : { content: [{ type: 'tool-call', ...call }], ...finish('tool-calls'), warnings: [] }
  },
  doStream: async ({ prompt }) => ({
    stream: simulateReadableStream({ chunks: [{ type: 'stream-start', warnings: [] }, ...partsOf(nextOf(prompt))] }),
  }),
})

const shout = tool({
  description: 'Says it louder',
  inputSchema: z.object({ text: z.string() }),
  execute: ({ text }) => text.toUpperCase(),
})

const agent = new ToolLoopAgent({ model, tools: { shout }, stopWhen: stepCountIs(5) })

const answer = async (prompt, abortSignal) => (await agent.generate({ prompt, abortSignal })).text

const Prompt = z.object({ prompt: z.string(), stream: z.boolean().optional() })

export const app = createApp(
  pipe(
    entrypoint(Prompt, async ({ prompt, stream }, { signal }) =>
      stream
        ? (await agent.stream({ prompt, abortSignal: signal })).textStream
        : { answer: await answer(prompt, signal) },
    ),
    websocket(
      { inbound: z.string(), outbound: z.string() },
      onMessage((prompt, { signal }) => answer(prompt, signal)),
    ),
  ),
)
