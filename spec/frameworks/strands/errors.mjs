/** What Strands and the AWS SDK really throw, and the failure that each is. */
import { ThrottlingException, ValidationException } from '@aws-sdk/client-bedrock-runtime'
import { Agent, ContextWindowOverflowError, MaxTokensError, Model, ModelThrottledError } from '@strands-agents/sdk'
import { AgentError } from 'agentcore-fp'

const tagOf = async (f) => {
  try {
    await f()
    return 'none'
  } catch (thrown) {
    return AgentError.fromModel(thrown)._tag
  }
}

const modelThat = (stream) =>
  Object.assign(Reflect.construct(Model, []), { updateConfig: () => undefined, getConfig: () => ({}), stream })

const failing = (error) => () =>
  new Agent({
    model: modelThat(async function* () {
      throw error
    }),
    printer: false,
    retryStrategy: null,
  }).invoke('hi')

const ofAws = (Exception, httpStatusCode, message) => new Exception({ message, $metadata: { httpStatusCode } })

const busy = async () => {
  const agent = new Agent({
    model: modelThat(async function* () {
      await new Promise(() => undefined)
    }),
    printer: false,
  })
  void agent.invoke('first').catch(() => undefined)
  await agent.invoke('second')
}

const tags = {
  throttled: await tagOf(failing(new ModelThrottledError('secret'))),
  'throttled by AWS': await tagOf(failing(ofAws(ThrottlingException, 429, 'secret'))),
  'too long': await tagOf(failing(new ContextWindowOverflowError('secret'))),
  'too long for Bedrock': await tagOf(
    failing(ofAws(ValidationException, 400, 'Input is too long for requested model')),
  ),
  'too many tokens': await tagOf(failing(new MaxTokensError('secret', undefined))),
  'refused by AWS': await tagOf(failing(ofAws(ValidationException, 400, 'secret'))),
  busy: await tagOf(busy),
}

process.stdout.write(JSON.stringify(tags), () => process.exit(0))
