/** What Mastra really reports of a failed stream, and the failure that each is. */
import { Agent } from '@mastra/core/agent'
import { APICallError } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { AgentError } from 'agentcore-fp'

const tagOf = async (model, options) => {
  const agent = new Agent({ id: 'assistant', name: 'Assistant', instructions: 'Be kind', model })
  const output = await agent.stream('hi', options)
  await output.consumeStream()
  if (output.error === undefined) return 'none'
  const error = AgentError.fromModel(output.error)
  return error._tag === 'ModelThrottled' ? `ModelThrottled ${error.retryAfter}` : error._tag
}

const failing = (error, options) =>
  tagOf(
    new MockLanguageModelV4({
      doStream: async () => {
        throw error
      },
    }),
    options,
  )

const silent = new MockLanguageModelV4({
  doStream: ({ abortSignal }) =>
    new Promise((_, reject) => abortSignal.addEventListener('abort', () => reject(abortSignal.reason))),
})

const refusing = (statusCode, responseBody = '') =>
  new APICallError({
    message: 'secret',
    url: 'https://model.example.org/',
    requestBodyValues: {},
    statusCode,
    responseHeaders: { 'retry-after': '7' },
    responseBody,
  })

/** The timers of signals alone do not keep Node running. */
const alive = setInterval(() => undefined, 1000)

const tags = {
  throttled: await failing(refusing(429)),
  overloaded: await failing(refusing(529)),
  'too long': await failing(refusing(400, '{"error":{"message":"prompt is too long: 9 tokens"}}')),
  'wrong key': await failing(refusing(401)),
  'no network': await failing(
    new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }),
  ),
  'timed out': await tagOf(silent, { modelSettings: { timeout: { stepMs: 20 } } }),
  aborted: await tagOf(silent, { abortSignal: AbortSignal.timeout(20) }),
}

clearInterval(alive)
process.stdout.write(`\n${JSON.stringify(tags)}`)
