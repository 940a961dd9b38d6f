/** The model: a scripted one that needs no network. Replace it by one of any provider of the AI SDK. */
import { setTimeout } from 'node:timers/promises'
import { MockLanguageModelV4 } from 'ai/test'

type Options = Parameters<MockLanguageModelV4['doStream']>[0]
type Part = Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

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

async function* answer({ prompt, abortSignal }: Options): AsyncGenerator<Part> {
  const last = prompt.at(-1)
  const turn = prompt.filter(({ role }) => role === 'user').length
  const said = last?.role === 'user' ? last.content.map((part) => (part.type === 'text' ? part.text : '')).join('') : ''
  if (said === 'fail') throw new Error('The scripted model has failed')
  yield { type: 'stream-start', warnings: [] }
  if (/\btime\b/i.test(said)) {
    yield { type: 'tool-call', toolCallId: `call-${prompt.length}`, toolName: 'clock', input: '{"zone":"UTC"}' }
    yield finish('tool-calls')
    return
  }
  yield { type: 'text-start', id: '1' }
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
 * Calls the tool `clock` when the user mentions the time, and else repeats what the user said. The prompts "fail" and
 * "wait" make it fail and wait.
 */
export const scriptedModel = (): MockLanguageModelV4 =>
  new MockLanguageModelV4({ doStream: async (options) => ({ stream: toStream(answer(options)) }) })
