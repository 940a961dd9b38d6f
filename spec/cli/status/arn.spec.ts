/** `agentcore status --arn` and what cannot be used with it. */
import { inProject } from '../support'
import { inWorld, type Said } from '../world'

const arn = 'arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/hello-AbCdEf1234'

const status = (...words: ReadonlyArray<string>): Promise<Said> =>
  inProject({}, ({ folder }) => inWorld(folder, ['status', ...words]))

it.each([
  ['--agent', ['--agent', 'hello']],
  ['--local', ['--local']],
  ['--region', ['--region', 'us-west-2']],
])('%s is for configured agents', async (flag, words) => {
  const { code, stderr } = await status('--arn', arn, ...words)
  expect([code, stderr]).toEqual([2, `${flag} and --arn: use only one of them: see agentcore status --help\n`])
})

it('must be the ARN of an agent runtime', async () => {
  const { code, stderr } = await status('--arn', 'arn:aws:s3:::bucket')
  expect(code).not.toBe(0)
  expect(stderr).toContain('"arn:aws:s3:::bucket" is not the ARN of an agent runtime')
})
