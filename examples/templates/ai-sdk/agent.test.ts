import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { inject, readEvents } from 'agentcore-fp/testing'
import { createAgent } from './agent.js'
import { scriptedModel } from './model.js'

const user = (text: string) => ({ role: 'user', parts: [{ type: 'text', text }] })
const assistant = (text: string) => ({ role: 'assistant', parts: [{ type: 'text', text }] })

/** An agent of its own for each test, and what its model is called with. */
const start = () => {
  const model = scriptedModel()
  const send = inject(createAgent(model))
  const post = (payload: unknown, session = 'one') =>
    send('/invocations', {
      method: 'POST',
      headers: { 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': session.padEnd(33, '-') },
      body: payload,
    })
  const stream = async (...messages: ReadonlyArray<object>) => {
    const events = await readEvents(await post({ messages }))
    return events.flatMap(({ data }) =>
      typeof data === 'object' && data !== null && 'delta' in data ? [data.delta] : [],
    )
  }
  const say = async (...messages: ReadonlyArray<object>) => (await stream(...messages)).join('')
  return { calls: model.doStreamCalls, send, post, stream, say }
}

test('streams the answer in the protocol of useChat', async () => {
  const { post, stream } = start()
  assert.deepEqual(await stream(user('Hello')), ['You ', 'said: ', 'Hello ', '(turn ', '1)'])
  const response = await post({ messages: [user('Hello')] })
  assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1')
  assert.match(await response.text(), /^data: \{"type":"start"\}\n/)
})

test('calls a tool', async () => {
  const { calls, say } = start()
  assert.equal(await say(user('What is the time?')), 'Here is the time (turn 1)')
  assert.match(JSON.stringify(calls.at(-1)?.prompt.at(-1)), /"role":"tool".*"value":"\d+:\d\d:\d\d/)
})

test('goes on with the conversation that the client sends, and remembers no other', async () => {
  const { say } = start()
  const answer = await say(user('Hello'))
  assert.equal(await say(user('Hello'), assistant(answer), user('Hello again')), 'You said: Hello again (turn 2)')
  assert.equal(await say(user('Hello')), 'You said: Hello (turn 1)')
})

test('answers turns at the same time, each with its own conversation', async () => {
  const { say } = start()
  const turns = [say(user('Hello')), say(user('Hello'), assistant('Hi'), user('What is the time?'))]
  assert.deepEqual(await Promise.all(turns), ['You said: Hello (turn 1)', 'Here is the time (turn 2)'])
})

test('tells the client of a failing model, and not what the provider said', async () => {
  const text = await (await start().post({ messages: [user('fail')] })).text()
  assert.match(text, /"type":"error"/)
  assert.doesNotMatch(text, /scripted/)
})

test('ends a turn when the caller leaves or stops it', async () => {
  const { calls, post } = start()
  const messages = [user('wait')]
  const { body } = await post({ messages })
  for await (const chunk of body ?? []) if (Buffer.from(chunk).includes('Wait')) break // reads the first piece and leaves
  const signal = calls[0]?.abortSignal
  if (signal?.aborted === false) await once(signal, 'abort')
  const stopped = await post({ messages })
  assert.deepEqual(await (await post({ stop: true })).json(), { cancelled: 1 })
  assert.match(await stopped.text(), /"type":"abort"/)
  assert.deepEqual(
    calls.map(({ abortSignal }) => abortSignal?.aborted),
    [true, true],
  )
})

test('explains an invalid payload', async () => {
  const response = await start().post({ messages: [] })
  assert.equal(response.status, 400)
  assert.match(await response.text(), /Invalid payload/)
})

test('serves the chat page', async () => {
  const response = await start().send('/')
  assert.match(response.headers.get('content-type') ?? '', /text\/html/)
})
