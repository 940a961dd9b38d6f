/** What the AI SDK really throws, and the failure that each is. */
import { APICallError, generateText } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { AgentError } from 'agentcore-fp'

const tagOf = async (f) => {
  try {
    await f()
    return 'none'
  } catch (thrown) {
    const error = AgentError.fromModel(thrown)
    return error._tag === 'ModelThrottled' ? `ModelThrottled ${error.retryAfter}` : error._tag
  }
}

const refusing = (statusCode, responseBody = '') =>
  new APICallError({
    message: 'secret',
    url: 'https://model.example.org/',
    requestBodyValues: {},
    statusCode,
    responseHeaders: { 'retry-after': '1' },
    responseBody,
  })

const asking = (doGenerate, options) => () =>
  generateText({ model: new MockLanguageModelV4({ doGenerate }), prompt: 'hi', maxRetries: 0, ...options })

const failing = (error, options) =>
  asking(async () => {
    throw error
  }, options)

/** The timer of a signal alone does not keep Node running. */
const alive = setInterval(() => undefined, 1000)

const tags = {
  throttled: await tagOf(failing(refusing(429))),
  'throttled again and again': await tagOf(failing(refusing(429), { maxRetries: 1 })),
  'too long': await tagOf(failing(refusing(400, '{"error":{"message":"prompt is too long: 9 tokens"}}'))),
  'wrong key': await tagOf(failing(refusing(401))),
  'timed out': await tagOf(
    asking(
      ({ abortSignal }) =>
        new Promise((_, reject) => abortSignal.addEventListener('abort', () => reject(abortSignal.reason))),
      {
        abortSignal: AbortSignal.timeout(20),
      },
    ),
  ),
  'no network': await tagOf(
    failing(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })),
  ),
}

clearInterval(alive)
process.stdout.write(JSON.stringify(tags))
