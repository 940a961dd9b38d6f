import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { inject, readEvents } from 'agentcore-fp/testing'
import { createAgent } from './agent.js'
import { type Model, type Options, type Part, scriptedModel, toStream } from './model.js'

/** Talks to an agent, in one session or in several. */
const connect = (model: Model) => {
  const send = inject(createAgent(model))
  return (prompt: string, session = 'one') =>
    send('/invocations', {
      method: 'POST',
      headers: { 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': `the-session-${session}-of-the-tests-of-this-agent` },
      body: JSON.stringify({ prompt }),
    })
}

const chunksOf = async (response: Response) => (await readEvents(response)).map(({ data }) => data)

const textOf = async (response: Response) => (await chunksOf(response)).join('')

/** A model that keeps what it is asked, and answers what is given for the second turn. */
const secondTurn = (answer: (options: Options) => ReadableStream<Part>) => {
  const prompts: Array<Options['prompt']> = []
  const model: Model = {
    ...scriptedModel,
    doStream: async (options) =>
      prompts.push(options.prompt) === 2 ? { stream: answer(options) } : scriptedModel.doStream(options),
  }
  return { model, roles: () => prompts.at(-1)?.map(({ role }) => role) }
}

const begin: ReadonlyArray<Part> = [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: 'Half an ' },
]

test('streams the answer, calls a tool, and remembers the conversation of a session', async () => {
  const say = connect(scriptedModel)
  assert.deepEqual(await chunksOf(await say('Hello')), ['You ', 'said: ', 'Hello ', '(turn ', '1)'])
  assert.equal(await textOf(await say('What is the time?')), 'Here is the time (turn 2)')
  assert.equal(await textOf(await say('Thank you')), 'You said: Thank you (turn 3)')
})

test('keeps the conversation as it was when the model fails', async () => {
  const say = connect(scriptedModel)
  await textOf(await say('Hello'))
  const response = await say('fail')
  assert.equal(response.status, 503)
  assert.match(await response.text(), /MODEL_THROTTLED/)
  assert.equal(await textOf(await say('Hello again')), 'You said: Hello again (turn 2)')
})

test('keeps the conversation as it was when the model fails in the middle of its answer', async () => {
  const error = Object.assign(new Error('Bad gateway'), { statusCode: 502 })
  const { model, roles } = secondTurn(() => toStream([...begin, { type: 'error', error }]))
  const say = connect(model)
  await textOf(await say('Hello'))
  const events = await readEvents(await say('Hello?'))
  assert.deepEqual(
    events.map(({ event }) => event),
    ['message', 'error'],
  )
  assert.match(JSON.stringify(events.at(-1)?.data), /MODEL_FAILED/)
  assert.equal(await textOf(await say('Hello again')), 'You said: Hello again (turn 2)')
  assert.deepEqual(roles(), ['system', 'user', 'assistant', 'user'])
})

test('stops the model when the caller leaves, and keeps the conversation as it was', { timeout: 10_000 }, async () => {
  const calls = new EventEmitter()
  const stopped = once(calls, 'stop')
  const { model, roles } = secondTurn(
    ({ abortSignal }) =>
      new ReadableStream({
        start: (controller) => {
          for (const part of begin) controller.enqueue(part)
          abortSignal?.addEventListener('abort', () => {
            calls.emit('stop')
            controller.error(abortSignal.reason)
          })
        },
      }),
  )
  const say = connect(model)
  await textOf(await say('Hello'))
  const reader = (await say('Hello?')).body?.getReader()
  assert.match(new TextDecoder().decode((await reader?.read())?.value), /Half an/)
  await reader?.cancel()
  await stopped
  assert.equal(await textOf(await say('Hello again')), 'You said: Hello again (turn 2)')
  assert.deepEqual(roles(), ['system', 'user', 'assistant', 'user'])
})

test('takes the turns of a session one after the other', async () => {
  const say = connect(scriptedModel)
  const answers = await Promise.all([say('One').then(textOf), say('Two').then(textOf)])
  assert.deepEqual(answers.map((text) => /\d/.exec(text)?.[0]).sort(), ['1', '2'])
})

test('keeps the conversations of two sessions apart', async () => {
  const say = connect(scriptedModel)
  await textOf(await say('Hello', 'one'))
  assert.equal(await textOf(await say('Hi', 'two')), 'You said: Hi (turn 1)')
})

test('explains an invalid payload', async () => {
  const response = await inject(createAgent(scriptedModel))('/invocations', { method: 'POST', body: '{"prompt": 1}' })
  assert.equal(response.status, 400)
  assert.match(await response.text(), /"path":"prompt"/)
})
