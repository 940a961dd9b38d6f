/** A model: from a conversation to pieces of text, as they arrive. */
import { t } from 'agentcore-fp/fp'

export const Message = t.type({ role: t.keyof({ user: null, assistant: null }), content: t.string })
export type Message = t.TypeOf<typeof Message>

export type Model = (messages: ReadonlyArray<Message>, signal: AbortSignal) => AsyncIterable<string>

/** Needs no network: it repeats what the user said, and how often the user has spoken. It fails when told to. */
export const scriptedModel: Model = async function* (messages) {
  const said = messages.filter(({ role }) => role === 'user')
  if (said.at(-1)?.content === 'fail') throw new Error('The scripted model has failed')
  yield* `You said: ${said.at(-1)?.content ?? ''} (turn ${said.length})`.split(/(?<= )/)
}
