/** A chat agent on the AI SDK. `useChat` reads its answers, and so does the page that it serves at `/`. */
import { AgentError, cancellable, createApp, entrypoint, pipe, routes, uiMessages } from 'agentcore-fp/plain'
import {
  convertToModelMessages,
  type LanguageModel,
  stepCountIs,
  streamText,
  tool,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import { z } from 'zod'
import { scriptedModel } from './model.js'
import { page } from './page.js'

/** What `useChat` sends, or a single prompt. */
const Chat = z.union([
  z.object({ messages: z.array(z.custom<UIMessage>((value) => typeof value === 'object' && value !== null)).min(1) }),
  z.object({ prompt: z.string().min(1) }),
])
type Chat = z.infer<typeof Chat>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = z.object({ stop: z.literal(true) })

const toMessages = (chat: Chat): Array<UIMessage> =>
  'messages' in chat ? chat.messages : [{ id: '1', role: 'user', parts: [{ type: 'text', text: chat.prompt }] }]

const clock = tool({
  description: 'The present time in a time zone',
  inputSchema: z.object({ zone: z.string().describe('An IANA time zone, such as Asia/Tokyo') }),
  execute: ({ zone }) => new Date().toLocaleTimeString('en', { timeZone: zone }),
})

/** The message that a user sees for a failure. The reason of the provider goes to the log only. */
const onError = (error: unknown): string => AgentError.problem(AgentError.fromModel(error)).message

/** The client keeps the conversation, and sends all of it with each turn. */
const chat = (model: LanguageModel) =>
  uiMessages(async (payload: Chat, { signal }) => {
    const { stream } = streamText({
      model,
      system: 'Answer briefly.',
      messages: await convertToModelMessages(toMessages(payload)),
      tools: { clock },
      stopWhen: stepCountIs(10),
      abortSignal: signal,
    })
    return toUIMessageStream({ stream, onError })
  })

export const createAgent = (model: LanguageModel) =>
  pipe(
    entrypoint(z.union([Stop, Chat]), cancellable(Stop, chat(model))),
    routes((router) =>
      router.get('/', (ctx) => {
        ctx.type = 'html'
        ctx.body = page
      }),
    ),
  )

export const app = createApp(createAgent(scriptedModel()))
