/** What the OpenAI SDK and its agents really throw, and the failure that each is. */
import { createServer } from 'node:http'
import { Agent, run, setTracingDisabled, tool } from '@openai/agents'
import { functionCall, modelResponse, ScriptedModel } from '@openai/agents-core/testing'
import { AgentError } from 'agentcore-fp'
import OpenAI from 'openai'
import { z } from 'zod'

setTracingDisabled(true)

const tagOf = async (f) => {
  try {
    await f()
    return 'none'
  } catch (thrown) {
    const error = AgentError.fromModel(thrown)
    return error._tag === 'ModelThrottled' ? `ModelThrottled ${error.retryAfter}` : error._tag
  }
}

/** A provider that answers as the model asks for: by a status and a code, or never. */
const server = createServer((request, response) => {
  let text = ''
  request.on('data', (data) => (text += data))
  request.on('end', () => {
    const [status, code] = JSON.parse(text).model.split(' ')
    if (status === 'never') return
    response.writeHead(Number(status), { 'content-type': 'application/json', 'retry-after': '7' })
    response.end(JSON.stringify({ error: { message: 'secret', code: code ?? null } }))
  })
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const client = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 })

const asking = (model, options) => () =>
  client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hi' }] }, options)

const again = tool({ name: 'again', description: '', parameters: z.object({}), execute: () => 'again' })

const endless = () => {
  const calls = [1, 2, 3].map((n) => modelResponse([functionCall('again', {}, { callId: `call-${n}` })]))
  return run(new Agent({ name: 'Endless', tools: [again], model: new ScriptedModel(calls) }), 'hi', { maxTurns: 2 })
}

const tags = {
  throttled: await tagOf(asking('429')),
  'too long': await tagOf(asking('400 context_length_exceeded')),
  'wrong key': await tagOf(asking('401')),
  'no such model': await tagOf(asking('404')),
  broken: await tagOf(asking('500')),
  aborted: await tagOf(asking('never', { signal: AbortSignal.timeout(50) })),
  'timed out': await tagOf(asking('never', { timeout: 50 })),
  'too many turns': await tagOf(endless),
  unreachable: await tagOf(() =>
    new OpenAI({ apiKey: 'x', baseURL: 'http://127.0.0.1:1/v1', maxRetries: 0 }).models.list(),
  ),
}

process.stdout.write(JSON.stringify(tags), () => process.exit(0))
