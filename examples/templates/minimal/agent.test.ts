import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject, readEvents } from 'agentcore-fp/testing'
import { createAgent } from './agent.js'
import { scriptedModel } from './model.js'

const headers = { 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': 'a-session-of-the-tests-of-this-agent' }

test('streams the answer, and remembers the conversation of a session', async () => {
  const send = inject(createAgent(scriptedModel))
  const say = async (prompt: string): Promise<string> => {
    const response = await send('/invocations', { method: 'POST', headers, body: JSON.stringify({ prompt }) })
    return (await readEvents(response)).map(({ data }) => data).join('')
  }
  assert.equal(await say('Hello'), 'You said: Hello (turn 1)')
  assert.equal(await say('Hello again'), 'You said: Hello again (turn 2)')
})

test('keeps the conversation as it was when the model fails', async () => {
  const send = inject(createAgent(scriptedModel))
  const say = async (prompt: string) =>
    send('/invocations', { method: 'POST', headers, body: JSON.stringify({ prompt }) })
  await (await say('Hello')).text()
  assert.match(await (await say('fail')).text(), /INTERNAL_ERROR/)
  assert.match(await (await say('Hello again')).text(), /turn 2|"2\)"/)
})

test('takes the turns of a session one after the other', async () => {
  const send = inject(createAgent(scriptedModel))
  const say = async (prompt: string) =>
    (await send('/invocations', { method: 'POST', headers, body: JSON.stringify({ prompt }) })).text()
  const turns = (await Promise.all([say('One'), say('Two')])).map((text) => /(?:turn |")(\d)\)/.exec(text)?.[1])
  assert.deepEqual(turns.sort(), ['1', '2'])
})

test('explains an invalid payload', async () => {
  const response = await inject(createAgent(scriptedModel))('/invocations', { method: 'POST', body: '{"prompt": 1}' })
  assert.equal(response.status, 400)
  assert.match(await response.text(), /"path":"prompt"/)
})
