/**
 * Memory: a handler that is a function of its session's state. The state is saved when the answer is there, and
 * invocations of one session run one at a time. The streaming form yields its answer and returns the next state.
 */
import { type AgentError, type Context, createApp, entrypoint, Handler } from 'agentcore-fp'
import { t, TE } from 'agentcore-fp/fp'

const Payload = t.intersection([t.type({ prompt: t.string }), t.partial({ stream: t.boolean })])

const History = t.readonlyArray(t.string)

type Payload = t.TypeOf<typeof Payload>
type History = t.TypeOf<typeof History>

const remembers = (history: History): string =>
  history.length === 0 ? 'This is new to me' : `Before that you said: ${history.join(', ')}`

/** One JSON answer: a right is `[answer, next state]`. */
const answering = Handler.stateful<History>(History, [])

const answer = answering(
  ({ prompt }: Payload) =>
    (history) =>
    () =>
      TE.right([{ result: remembers(history), turn: history.length + 1 }, [...history, prompt]]),
)

/** A stream, whose end is the next state. A client that leaves midway leaves the memory as it was. */
const streaming = Handler.statefulGenerator<History>(History, [])

const stream = streaming(
  ({ prompt }: Payload) =>
    (history) =>
      async function* () {
        yield* remembers(history).split(' ')
        return [...history, prompt]
      },
)

/** Handlers are functions: one can choose between others. */
export const handler = (payload: Payload, context: Context.Context): TE.TaskEither<AgentError.AgentError, unknown> =>
  payload.stream === true ? stream(payload, context) : answer(payload, context)

export const agent = entrypoint(Payload, handler)

export const app = createApp(agent)

if (require.main === module) void app.run()
