/** The model: one of OpenAI when OPENAI_API_KEY is set, else a scripted one that needs no network. */
import { setTimeout } from 'node:timers/promises'
import { type Model, type ModelRequest, type ModelResponse, type StreamEvent, Usage } from '@openai/agents'

type Item = Extract<StreamEvent, { readonly type: 'response_done' }>['response']['output'][number]

const call = (id: string): Item => ({
  type: 'function_call',
  callId: id,
  name: 'clock',
  arguments: '{"zone":"UTC"}',
})

const message = (text: string): Item => ({
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text }],
})

const delta = (text: string): StreamEvent => ({ type: 'output_text_delta', delta: text })

const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }
const done = (item: Item): StreamEvent => ({
  type: 'response_done',
  response: { id: 'scripted', usage, output: [item] },
})

async function* answer({ input, signal }: ModelRequest): AsyncGenerator<StreamEvent> {
  const items = typeof input === 'string' ? [] : input // the agent always sends items
  const said = items.filter((item) => 'role' in item && item.role === 'user')
  const last = items.at(-1)
  const text = last !== undefined && 'role' in last && typeof last.content === 'string' ? last.content : ''
  if (text === 'fail') throw new Error('The scripted model has failed')
  if (/\btime\b/i.test(text)) return yield done(call(`call-${items.length}`))
  if (text === 'wait') {
    yield delta('Wait ')
    await setTimeout(60_000, undefined, { signal })
  }
  const whole = `${last?.type === 'function_call_result' ? 'Here is the time' : `You said: ${text}`} (turn ${said.length})`
  yield* whole.split(/(?<= )/).map(delta)
  yield done(message(whole))
}

/**
 * Calls the tool `clock` when the user mentions the time, and else repeats what the user said. The prompts "fail" and
 * "wait" make it fail and wait.
 */
export const scriptedModel: Model = {
  getStreamedResponse: answer,
  getResponse: async (request): Promise<ModelResponse> => {
    const output: Array<Item> = []
    for await (const event of answer(request)) if (event.type === 'response_done') output.push(...event.response.output)
    return { usage: new Usage(), output }
  },
}

/** The name of a model, or a scripted one. */
export const chooseModel = ({ OPENAI_API_KEY: key, MODEL: name = 'gpt-5-mini' }: NodeJS.ProcessEnv): Model | string =>
  key === undefined ? scriptedModel : name
