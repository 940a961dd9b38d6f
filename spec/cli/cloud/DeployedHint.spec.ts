import type { ClientError } from '../../../lib/client/error/ClientError'
import { deployedHint } from '../../../lib/cli/cloud/DeployedHint'

type Named = 'RuntimeClientError' | 'AccessDeniedException' | 'ValidationException' | 'ThrottlingException'

const refusal = (_tag: Named, message: string): ClientError => {
  const error: unknown = { _tag, status: 400, message, requestId: undefined }
  return error as ClientError // what a hint depends on
}

const call = { which: ' --agent hello --endpoint prod', hasToken: false }

describe('the next step after a refusal of AgentCore', () => {
  it('is to look at the log of the endpoint that was called, where the agent has failed', () => {
    expect(deployedHint(refusal('RuntimeClientError', 'Received error (500) from runtime.'), call)).toBe(
      'agentcore logs --agent hello --endpoint prod shows what the agent wrote',
    )
    expect(deployedHint(refusal('RuntimeClientError', 'Runtime initialization time exceeded'), call)).toMatch(
      /^the agent took too long to start: agentcore logs --agent hello --endpoint prod/,
    )
  })

  it('is the other kind of credentials, where they do not match the agent', () => {
    const mismatch = refusal('AccessDeniedException', 'Authorization method mismatch. The agent is configured for …')
    expect(deployedHint(mismatch, call)).toContain('pass --bearer-token')
    expect(deployedHint(mismatch, { ...call, hasToken: true })).toContain('without a bearer token')
    expect(deployedHint(refusal('AccessDeniedException', 'User is not authorized'), call)).toBeUndefined()
  })

  it('is to deploy again, where the runtime does not require MMDSv2', () => {
    expect(deployedHint(refusal('ValidationException', 'MMDSv2 must be required'), call)).toContain('agentcore deploy')
    expect(deployedHint(refusal('ValidationException', 'no'), call)).toBeUndefined()
  })

  it('is to wait, where AWS throttles', () => {
    expect(deployedHint(refusal('ThrottlingException', 'Rate exceeded'), call)).toContain('in a moment')
  })
})
