/**
 * An agent that answers as the chat completions API of OpenAI does, as JSON or as a stream, so that any client of that
 * API can talk to it: give it the agent's URL as its base URL.
 */
import { randomUUID } from 'node:crypto'
import { AgentError, createApp, entrypoint, pipe, Reply, Sse, use } from 'agentcore-fp/plain'
import { z } from 'zod'
import { chooseModel } from './models/choose'

const Completion = z.object({
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string() })).min(1),
  model: z.string(),
  stream: z.boolean().default(false),
})
type Completion = z.infer<typeof Completion>

const model = chooseModel(process.env)

async function* tokens({ messages }: Completion, signal: AbortSignal): AsyncGenerator<string> {
  const conversation = messages.map(({ role, content: text }) =>
    role === 'user' ? { role, text } : { role, text, calls: [] },
  )
  for await (const piece of model({ system: 'Answer briefly.', messages: conversation, tools: [], signal })) {
    if (typeof piece === 'string') yield piece
  }
}

/** How a stream of OpenAI ends. */
const framing: Reply.Framing = {
  failure: ({ message, code }) => [{ error: { message, code, type: 'server_error' } }],
  end: [Sse.raw({ data: '[DONE]' })],
  toError: AgentError.fromModel,
}

async function* chunks(completion: Completion, signal: AbortSignal) {
  const head = { ...toHead(completion), object: 'chat.completion.chunk' }
  for await (const content of tokens(completion, signal)) {
    yield { ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }] }
  }
  yield { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
}

const whole = async (completion: Completion, signal: AbortSignal) => {
  let content = ''
  for await (const text of tokens(completion, signal)) content += text
  const message = { role: 'assistant', content }
  return {
    ...toHead(completion),
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  }
}

const toHead = ({ model: name }: Completion) => ({
  id: `chatcmpl-${randomUUID()}`,
  created: Math.floor(Date.now() / 1000),
  model: name,
})

export const agent = pipe(
  // Clients of OpenAI ask for this path; AgentCore calls /invocations.
  use((ctx, next) => {
    if (ctx.path === '/chat/completions') {
      ctx.path = '/invocations'
      ctx.headers.accept = '*/*' // OpenAI's own client accepts JSON alone, also when it wants a stream
    }
    return next()
  }),
  entrypoint(Completion, async (completion, { signal }) =>
    completion.stream ? Reply.events(chunks(completion, signal), framing) : Reply.json(await whole(completion, signal)),
  ),
)

export const app = createApp(agent)

if (require.main === module) void app.run()
