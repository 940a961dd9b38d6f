import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject, readEvents } from 'agentcore-fp/testing'
import { createAgent } from './agent.js'
import { scriptedModel } from './model.js'

const send = inject(createAgent(scriptedModel))

const say = async (...texts: ReadonlyArray<string>): Promise<string> => {
  const messages = texts.map((text, id) => ({ id: `${id}`, role: 'user', parts: [{ type: 'text', text }] }))
  const response = await send('/invocations', { method: 'POST', body: JSON.stringify({ messages }) })
  assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1')
  const chunks = (await readEvents(response)).map(
    ({ data }) => data as { readonly type?: string; readonly delta?: string },
  )
  return chunks.flatMap(({ type, delta = '' }) => (type === 'text-delta' ? [delta] : [])).join('')
}

test('answers in the protocol of useChat, and calls a tool', async () => {
  assert.equal(await say('Hello'), 'You said: Hello (turn 1)')
  assert.equal(await say('Hello', 'What is the time?'), 'Here is the time (turn 2)')
})

test('tells the page of a failing model, and not what the provider said', async () => {
  const messages = [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'fail' }] }]
  const response = await send('/invocations', { method: 'POST', body: JSON.stringify({ messages }) })
  const text = await response.text()
  assert.match(text, /"type":"error"/)
  assert.doesNotMatch(text, /scripted/)
})

test('explains an invalid payload', async () => {
  const response = await send('/invocations', { method: 'POST', body: '{"messages": []}' })
  assert.match(await response.text(), /Invalid payload/)
})

test('serves the chat page', async () => {
  const response = await send('/')
  assert.match(response.headers.get('content-type') ?? '', /text\/html/)
})
