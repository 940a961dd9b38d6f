/** A model: from a conversation to pieces of text, as they arrive. */
import { setTimeout } from 'node:timers/promises'
import { t } from 'agentcore-fp/fp'

export const Message = t.type({ role: t.keyof({ user: null, assistant: null }), content: t.string })
export type Message = t.TypeOf<typeof Message>

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
