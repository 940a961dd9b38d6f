/**
 * What `useChat` does with an agent, without React: the chat of the AI SDK over its own transport. Works in Node and in a
 * page. Gives what a user would see after each message.
 */
import { AbstractChat, DefaultChatTransport } from 'ai'
import { chatTransport, deriveSessionId } from 'agentcore-fp/client/browser'

const sessionHeader = 'x-amzn-bedrock-agentcore-runtime-session-id'

/** The state that a framework of pages would keep. */
const stateOf = () => ({
  status: 'ready',
  error: undefined,
  messages: [],
  pushMessage(message) {
    this.messages = [...this.messages, message]
  },
  popMessage() {
    this.messages = this.messages.slice(0, -1)
  },
  replaceMessage(index, message) {
    this.messages = this.messages.map((old, at) => (at === index ? message : old))
  },
  snapshot: (value) => structuredClone(value),
})

/** Opens a chat with an agent by its URL or ARN, whose id names its session. */
export const openChat = (agent, id) => {
  const settings = chatTransport({ ...agent, stop: { stop: true } })
  const { api } = settings
  const headers = { [sessionHeader]: deriveSessionId(id) }
  const state = stateOf()
  const chat = Reflect.construct(AbstractChat, [{ id, state, transport: new DefaultChatTransport(settings) }])

  const lastText = () =>
    (chat.messages.at(-1)?.role === 'assistant' ? chat.messages.at(-1).parts : [])
      .filter(({ type }) => type === 'text')
      .map(({ text }) => text)
      .join('')

  const seen = () => ({ status: chat.status, error: chat.error?.message ?? null, text: lastText() })

  const say = async (text) => {
    await chat.sendMessage({ text })
    return seen()
  }

  /** Says something, and acts once the answer has begun with these words. */
  const sayThen = async (text, words, act) => {
    const before = chat.messages.length
    const saying = say(text)
    while (chat.messages.length < before + 2 || lastText() !== words)
      await new Promise((resolve) => setTimeout(resolve, 5))
    await act()
    return saying
  }

  const post = async (body) => {
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(api, request)).json()
  }

  return { say, sayThen, post, stop: () => chat.stop() }
}

/** All that may happen in a chat, in one. */
export const playAll = async (agent, id) => {
  const chat = openChat(agent, id)
  const results = {}
  for (const text of ['hello', 'throw', 'fail', 'fail amid', 'throw after']) results[text] = await chat.say(text)
  results.cancelled = await chat.sayThen('wait', 'Wait', () => chat.post({ stop: true }))
  results.left = await chat.sayThen('wait', 'Wait', chat.stop)
  results.again = await chat.say('still there?')
  return results
}
