import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject, readEvents } from 'agentcore-fp/testing'
import { createAgent } from './agent.js'
import { type Model, type Options, scriptedModel } from './model.js'

/** An agent of its own for each test, and what its model is called with. */
const start = () => {
  const calls: Array<Options> = []
  const model: Model = {
    ...scriptedModel,
    doStream: (options) => {
      calls.push(options)
      return scriptedModel.doStream(options)
    },
  }
  const send = inject(createAgent(model))
  const post = (payload: unknown, session = 'one') =>
    send('/invocations', {
      method: 'POST',
      headers: { 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': session.padEnd(33, '-') },
      body: payload,
    })
  const stream = async (prompt: string, session?: string) =>
    (await readEvents(await post({ prompt }, session))).map(({ data }) => data)
  const say = async (prompt: string, session?: string) => (await stream(prompt, session)).join('')
  const history = () => calls.at(-1)?.prompt.map(toLine)
  return { calls, post, stream, say, history }
}

const toLine = ({ role, content }: Options['prompt'][number]) => {
  const parts =
    typeof content === 'string' ? [content] : content.map((part) => ('text' in part ? part.text : part.type))
  return `${role}: ${parts.join('')}`
}

/** What the model sees of "Hello" and "Hello again", whatever went wrong between them. */
const intact = ['system: Answer briefly.', 'user: Hello', 'assistant: You said: Hello (turn 1)', 'user: Hello again']

test('streams the answer', async () => {
  assert.deepEqual(await start().stream('Hello'), ['You ', 'said: ', 'Hello ', '(turn ', '1)'])
})

test('calls a tool', async () => {
  const { calls, say } = start()
  assert.equal(await say('What is the time?'), 'Here is the time (turn 1)')
  assert.match(JSON.stringify(calls.at(-1)?.prompt.at(-1)), /"role":"tool".*"value":"\d+:\d\d:\d\d/)
  assert.equal(await say('Thank you'), 'You said: Thank you (turn 2)')
})

test('remembers the conversation of a session, and of no other', async () => {
  const { say } = start()
  assert.equal(await say('Hello'), 'You said: Hello (turn 1)')
  assert.equal(await say('Hello again'), 'You said: Hello again (turn 2)')
  assert.equal(await say('Hello', 'another'), 'You said: Hello (turn 1)')
})

test('takes the turns of a session one after the other', async () => {
  const { say } = start()
  const answers = await Promise.all([say('Hello'), say('Hello')])
  assert.deepEqual(answers.sort(), ['You said: Hello (turn 1)', 'You said: Hello (turn 2)'])
})

test('forgets a turn when the model fails', async () => {
  const { post, say, history } = start()
  await say('Hello')
  const failed = await post({ prompt: 'fail' })
  assert.equal(failed.status, 503)
  assert.match(await failed.text(), /MODEL_THROTTLED/)
  assert.match(await (await post({ prompt: 'break' })).text(), /^data: "You "\n\nevent: error\ndata: .*MODEL_FAILED/)
  assert.equal(await say('Hello again'), 'You said: Hello again (turn 2)')
  assert.deepEqual(history(), intact)
})

test('ends a turn when the caller leaves or stops it, and forgets it', async () => {
  const { calls, post, say, history } = start()
  await say('Hello')
  for await (const _ of (await post({ prompt: 'wait' })).body ?? []) break // reads the first piece and leaves
  const stopped = await post({ prompt: 'wait' })
  assert.deepEqual(await (await post({ stop: true })).json(), { cancelled: 1 })
  assert.match(await stopped.text(), /INTERRUPTED/)
  assert.equal(await say('Hello again'), 'You said: Hello again (turn 2)')
  assert.deepEqual(history(), intact)
  assert.deepEqual(
    calls.map(({ abortSignal }) => abortSignal?.aborted),
    [false, true, true, false],
  )
})

test('explains an invalid payload', async () => {
  const response = await start().post({ prompt: 1 })
  assert.equal(response.status, 400)
  assert.match(await response.text(), /"path":"prompt"/)
})
