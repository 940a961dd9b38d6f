/**
 * A chat with memory, of plain functions: a generator streams its answer and returns the next state, which is saved when the
 * stream is complete. A newer message on the WebSocket interrupts the answer to the one before.
 */
import {
  type Context,
  createApp,
  entrypoint,
  latest,
  pipe,
  provide,
  rejected,
  stateful,
  websocket,
} from 'agentcore-fp/plain'
import { z } from 'zod'

const Prompt = z.object({ prompt: z.string().min(1) })

const History = z.array(z.string())

type User = Context<{ readonly user: string }>

const replyTo = (user: string, history: ReadonlyArray<string>): string =>
  history.length === 0 ? `Nice to meet you, ${user}.` : `Before that you said: ${history.join(', ')}.`

/** Whoever calls has to say who they are. */
const withUser = provide(({ headers }) => {
  const user = headers.get('x-amzn-bedrock-agentcore-runtime-custom-user')
  if (user === undefined) throw rejected(403, 'Who are you?')
  return { user }
})

/** A stream, whose end is the next state. */
const chat = stateful(History, [], async function* ({ prompt }: z.infer<typeof Prompt>, history, context: User) {
  context.log.info('Asked', { turn: history.length + 1 })
  for (const word of replyTo(context.state.user, history).split(' ')) yield `${word} `
  return [...history, prompt]
})

/** The same memory, over a WebSocket. */
const talk = latest(async function* (prompt: string, { session, signal, state }: User) {
  const history = (await session.load(History)) ?? []
  for (const word of replyTo(state.user, history).split(' ')) if (!signal.aborted) yield word
  await session.save([...history, prompt], History)
})

export const agent = pipe(
  withUser,
  entrypoint(Prompt, chat),
  websocket({ inbound: z.string(), outbound: z.string() }, talk),
)

export const app = createApp(agent)

if (require.main === module) void app.run()
