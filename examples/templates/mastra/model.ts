/** The model: a scripted one that needs no network. Replace it by one of any provider of the AI SDK, for example. */
import type { MastraModelConfig } from '@mastra/core/llm'

export type Model = Extract<MastraModelConfig, { readonly specificationVersion: 'v4' }>
export type Options = Parameters<Model['doStream']>[0]
export type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

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
  if (text === 'fail') throw Object.assign(new Error('The scripted model has failed'), { statusCode: 503 })
  return /\btime\b/i.test(text)
    ? [
        { type: 'tool-call', toolCallId: `call-${prompt.length}`, toolName: 'clock', input: '{"zone":"UTC"}' },
        { type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool-calls' }, usage },
      ]
    : say(`You said: ${text} (turn ${turn})`)
}

/** The parts of an answer, as a model streams them. */
export const toStream = (parts: ReadonlyArray<Part>): ReadableStream<Part> =>
  new ReadableStream({
    start: (controller) => {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })

/** Asks for the tool `clock` when the user mentions the time, and else repeats what the user said. Fails when told to. */
export const scriptedModel: Model = {
  specificationVersion: 'v4',
  provider: 'scripted',
  modelId: 'scripted',
  supportedUrls: {},
  doStream: async ({ prompt }) => ({ stream: toStream([{ type: 'stream-start', warnings: [] }, ...next(prompt)]) }),
  doGenerate: async () => {
    throw new Error('The scripted model only streams: call stream() of the agent')
  },
}
