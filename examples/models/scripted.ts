/** A model for offline use and for tests. It knows three things: to remember a name, to ask for the time, and to say so. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Model } from './model'

export const scripted: Model = async function* ({ messages, signal }) {
  const answer = next(messages)
  if (typeof answer !== 'string') return yield { id: `call-${messages.length}`, name: 'local_time', input: answer }
  for (const word of answer.split(/(?<= )/)) {
    yield word
    await sleep(30, undefined, { signal })
  }
}

/** What to say, or the input of the tool to ask for. */
const next = (messages: ReadonlyArray<Message>): string | { readonly city: string } => {
  const last = messages.at(-1)
  if (last?.role === 'tool') return `The clock says: ${last.results.map(({ output }) => output).join(', ')}`
  const said = messages.flatMap((message) => (message.role === 'user' ? [message.text] : []))
  const prompt = said.at(-1) ?? ''
  const city = /\btime\b.*\bin ([\w ]+)/i.exec(prompt)?.[1]
  if (city !== undefined) return { city }
  const name = said.flatMap((text) => /\bmy name is (\w+)/i.exec(text)?.[1] ?? []).at(-1)
  if (/\bwho am i\b|\bmy name\?/i.test(prompt))
    return name === undefined ? 'You have not told me your name yet.' : `Your name is ${name}.`
  if (/\bmy name is\b/i.test(prompt)) return `Nice to meet you, ${name}.`
  return 'I am a scripted model. Tell me your name, ask me who you are, or what time it is in Tokyo.'
}
