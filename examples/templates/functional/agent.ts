/** A chat agent: it streams the answer of a model, and remembers the conversation of each session. */
import { AgentError, type Context, createApp, entrypoint, Handler, type PlainContext, provide } from 'agentcore-fp'
import { O, pipe, t, TE } from 'agentcore-fp/fp'
import { Message, type Model, scriptedModel } from './model.js'

const Prompt = t.type({ prompt: t.string })
type Prompt = t.TypeOf<typeof Prompt>

/** Stops the turn of a session: AgentCore lets it go on when the caller just disconnects. */
const Stop = t.type({ stop: t.literal(true) })

const Conversation = t.readonlyArray(Message)
type Conversation = t.TypeOf<typeof Conversation>

interface Caller {
  readonly caller: string
}

const invalidName = AgentError.rejected(400, 'The name of the caller must be a word')

/** Adds who calls to the state of the context, or rejects the request before it reaches the handler. */
const identify = provide(({ headers }: Context.Context) =>
  pipe(
    headers.get('x-amzn-bedrock-agentcore-runtime-custom-caller'),
    O.getOrElse(() => 'anonymous'),
    TE.fromPredicate(
      (caller) => /^\w+$/.test(caller),
      () => invalidName,
    ),
    TE.map((caller): Caller => ({ caller })),
  ),
)

/** Turns of one session run one at a time; what the generator returns is the memory of the next turn. */
const chat = (model: Model) =>
  Handler.statefulGenerator<Conversation>(
    Conversation,
    [],
  )(
    ({ prompt }: Prompt) =>
      (memory) =>
        async function* ({ signal, state, log }: PlainContext<Caller>) {
          const messages: Conversation = [...memory, { role: 'user', content: prompt }]
          let content = ''
          for await (const text of model(messages, signal)) {
            content += text
            yield text // sent at once
          }
          log.info('Answered', { caller: state.caller, characters: content.length })
          return [...messages, { role: 'assistant' as const, content }]
        },
  )

export const createAgent = (model: Model) =>
  pipe(entrypoint(t.union([Stop, Prompt]), Handler.cancellable(Stop.is)(chat(model))), identify)

export const app = createApp(createAgent(scriptedModel))
