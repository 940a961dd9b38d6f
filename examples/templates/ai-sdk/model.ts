/** The model: a scripted one that needs no network. Replace it by one of any provider of the AI SDK. */
import { type LanguageModel, simulateReadableStream } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

type Options = Parameters<MockLanguageModelV4['doStream']>[0]
type Part = Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

const say = (text: string): Array<Part> => [
  { type: 'text-start', id: '1' },
  ...text.split(/(?<= )/).map((delta): Part => ({ type: 'text-delta', id: '1', delta })),
  { type: 'text-end', id: '1' },
  { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
]

const next = (prompt: Options['prompt']): Array<Part> => {
  const last = prompt.at(-1)
  const turn = prompt.filter(({ role }) => role === 'user').length
  if (last?.role === 'tool') return say(`Here is the time (turn ${turn})`)
  const text = last?.role === 'user' ? last.content.map((part) => (part.type === 'text' ? part.text : '')).join('') : ''
  if (text === 'fail') throw new Error('The scripted model has failed')
  return /\btime\b/i.test(text)
    ? [
        { type: 'tool-call', toolCallId: `call-${prompt.length}`, toolName: 'clock', input: '{"zone":"UTC"}' },
        { type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool-calls' }, usage },
      ]
    : say(`You said: ${text} (turn ${turn})`)
}

/** Asks for the tool `clock` when the user mentions the time, and else repeats what the user said. Fails when told to. */
export const scriptedModel: LanguageModel = new MockLanguageModelV4({
  doStream: async ({ prompt }) => ({
    stream: simulateReadableStream<Part>({ chunks: [{ type: 'stream-start', warnings: [] }, ...next(prompt)] }),
  }),
})
