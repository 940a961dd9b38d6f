/** A model: from a conversation to pieces of text, as they arrive. */
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'

export const Message = z.object({ role: z.enum(['user', 'assistant']), content: z.string() })
export type Message = z.infer<typeof Message>

export type Model = (messages: ReadonlyArray<Message>, signal: AbortSignal) => AsyncIterable<string>

/**
 * Needs no network: it repeats what the user said, and how often the user has spoken. The prompts "fail" and "wait" make
 * it fail and wait.
 */
export const scriptedModel: Model = async function* (messages, signal) {
  const said = messages.filter(({ role }) => role === 'user')
  const text = said.at(-1)?.content ?? ''
  if (text === 'fail') throw new Error('The scripted model has failed')
  if (text === 'wait') {
    yield 'Wait '
    await setTimeout(60_000, undefined, { signal })
  }
  yield* `You said: ${text} (turn ${said.length})`.split(/(?<= )/)
}

const Chunk = z.object({ choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })) })

/** Any endpoint that speaks the chat completions API of OpenAI, such as http://localhost:11434/v1 of Ollama. */
export const chatModel = (url: string, model: string, key = ''): Model =>
  async function* (messages, signal) {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(key === '' ? {} : { Authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model, messages, stream: true }),
      signal,
    })
    if (!response.ok || response.body === null) {
      throw new Error(`The model responded with ${response.status}: ${(await response.text()).slice(0, 500)}`)
    }
    for await (const line of lines(response.body)) {
      const data = /^data: ?(.*)$/.exec(line)?.[1]
      if (data === undefined || data === '[DONE]') continue
      yield Chunk.parse(JSON.parse(data)).choices[0]?.delta.content ?? ''
    }
  }

async function* lines(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    const found = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/)
    rest = found.pop() ?? ''
    yield* found
  }
  if (rest !== '') yield rest
}

/** The model that the environment names; a scripted one if it names none. */
export const chooseModel = ({ MODEL_URL: url, MODEL: name = 'llama3.2', MODEL_KEY: key }: NodeJS.ProcessEnv): Model =>
  url === undefined ? scriptedModel : chatModel(url, name, key)
