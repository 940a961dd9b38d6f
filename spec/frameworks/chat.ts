/** What specs share of the chat in `spec/frameworks/chat`: what a user sees, and the AI SDK's client in Node. */
import { node } from '../cli/support'
import { type FrameworkProject, node22 } from './installed'

const busy = 'The model is busy: try again later'

const failed = (text: string) => ({ status: 'error', error: busy, text })
const answered = (text: string) => ({ status: 'ready', error: null, text })

/** What a user sees after each message. */
export const expected = {
  hello: answered('You said: hello'),
  throw: failed(''),
  fail: failed(''),
  'fail amid': failed('Half'),
  'throw after': failed('You said: throw after'),
  cancelled: answered('Wait'),
  left: answered('Wait'),
  again: answered('You said: still there?'),
}

export const chatId = 'chat-1'

/** Plays the chat in Node. */
export const inNode = async (url: string, { folder }: FrameworkProject): Promise<unknown> => {
  const page = node(['main.mjs', url, chatId], folder, { NODE_OPTIONS: undefined }, node22())
  expect([await page.ended, page.stderr()]).toEqual([0, ''])
  return JSON.parse(page.stdout())
}
