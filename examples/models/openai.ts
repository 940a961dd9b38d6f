/** A model behind any endpoint that speaks the chat completions of OpenAI: OpenAI, Ollama, vLLM, LiteLLM and others. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'
import { type Message, type Model, parseInput, type Tool } from './model'

export interface OpenAiSettings {
  readonly model: string
  /** Such as `https://api.openai.com/v1` or `http://localhost:11434/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string | undefined
}

export const openai = ({ model, baseUrl, apiKey }: OpenAiSettings): Model =>
  async function* ({ system, messages, tools, signal }) {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({
        model,
        stream: true,
        messages: [{ role: 'system', content: system }, ...messages.flatMap(toMessages)],
        ...(tools.length === 0 ? {} : { tools: tools.map(toFunction) }),
      }),
      signal,
    })
    if (!response.ok || response.body === null)
      throw new Error(`The model responded with ${response.status}: ${await response.text()}`)
    const calls = new Map<number, { readonly id: string; readonly name: string; readonly json: string }>()
    for await (const { data } of response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())) {
      if (data === '[DONE]') break
      const { content, tool_calls } = Chunk.parse(JSON.parse(data)).choices[0]?.delta ?? {}
      if (content !== undefined && content !== null && content !== '') yield content
      for (const { index, id, function: called } of tool_calls ?? []) {
        const { id: known = id ?? '', name = '', json = '' } = calls.get(index) ?? {}
        calls.set(index, { id: known, name: name + (called?.name ?? ''), json: json + (called?.arguments ?? '') })
      }
    }
    for (const { id, name, json } of calls.values()) yield { id, name, input: parseInput(json) }
  }

/** What is read of a chunk: text, and pieces of tool calls, which belong together by their index. */
const Chunk = z.object({
  choices: z.array(
    z.object({
      delta: z.object({
        content: z.string().nullish(),
        tool_calls: z
          .array(
            z.object({
              index: z.number(),
              id: z.string().nullish(),
              function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
            }),
          )
          .nullish(),
      }),
    }),
  ),
})

const toMessages = (message: Message): ReadonlyArray<object> => {
  if (message.role === 'user') return [{ role: 'user', content: message.text }]
  if (message.role === 'tool')
    return message.results.map(({ id, output }) => ({ role: 'tool', tool_call_id: id, content: output }))
  const calls = message.calls.map(({ id, name, input }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }))
  return [{ role: 'assistant', content: message.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) }]
}

const toFunction = ({ name, description, schema }: Tool): object => ({
  type: 'function',
  function: { name, description, parameters: schema },
})
