/** The model: a scripted one that needs no network. Replace it by one of any provider of the AI SDK, for example. */
import { setTimeout } from 'node:timers/promises'
import type { MastraModelConfig } from '@mastra/core/llm'

export type Model = Extract<MastraModelConfig, { readonly specificationVersion: 'v4' }>
export type Options = Parameters<Model['doStream']>[0]
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

const text = (delta: string): Part => ({ type: 'text-delta', id: '1', delta })
const finish = (unified: 'stop' | 'tool-calls'): Part => ({
  type: 'finish',
  finishReason: { unified, raw: unified },
  usage,
})

/** What a provider answers with an error status. */
const failure = (statusCode: number) => Object.assign(new Error('The scripted model has failed'), { statusCode })

async function* answer({ prompt, abortSignal }: Options): AsyncGenerator<Part> {
  const last = prompt.at(-1)
  const turn = prompt.filter(({ role }) => role === 'user').length
  const said = last?.role === 'user' ? last.content.map((part) => (part.type === 'text' ? part.text : '')).join('') : ''
  if (said === 'fail') throw failure(503)
  yield { type: 'stream-start', warnings: [] }
  if (/\btime\b/i.test(said)) {
    yield { type: 'tool-call', toolCallId: `call-${prompt.length}`, toolName: 'clock', input: '{"zone":"UTC"}' }
    yield finish('tool-calls')
    return
  }
  yield { type: 'text-start', id: '1' }
  if (said === 'break') {
    yield text('You ')
    throw failure(500)
  }
  if (said === 'wait') {
    yield text('Wait ')
    await setTimeout(60_000, undefined, { signal: abortSignal })
  }
  const whole = last?.role === 'tool' ? 'Here is the time' : `You said: ${said}`
  yield* `${whole} (turn ${turn})`.split(/(?<= )/).map(text)
  yield { type: 'text-end', id: '1' }
  yield finish('stop')
}

const toStream = (parts: AsyncIterator<Part>): ReadableStream<Part> =>
  new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await parts.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })

/**
 * Calls the tool `clock` when the user mentions the time, and else repeats what the user said. The prompts "fail", "break"
 * and "wait" make it fail at once, fail in the middle of its answer, and wait.
 */
export const scriptedModel: Model = {
  specificationVersion: 'v4',
  provider: 'scripted',
  modelId: 'scripted',
  supportedUrls: {},
  doStream: async (options) => ({ stream: toStream(answer(options)) }),
  doGenerate: async () => {
    throw new Error('The scripted model only streams: call stream() of the agent')
  },
}
