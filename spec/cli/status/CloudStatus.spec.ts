import { cloudDocument, cloudFailure, cloudLines, type CloudStatus } from '../../../lib/cli/status/CloudStatus'
import { explain, failed } from '../../../lib/cli/program/CliError'
import { toStyle } from '../../../lib/cli/program/Style'
import type { ListedEndpoint } from '../../../lib/deploy/aws/Endpoints'
import type { ExistingRuntime } from '../../../lib/deploy/plan/RuntimeRequest'

const arn = 'arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:runtime/hello-AbCdEf1234'
const record = { managed: ['environmentVariables.HOST'], which: ' --agent hello' }
const style = toStyle({}, false)

const fields: object = {
  agentRuntimeArn: arn,
  agentRuntimeId: 'hello-AbCdEf1234',
  agentRuntimeVersion: '12',
  status: 'READY',
  roleArn: 'arn:aws-cn:iam::123456789012:role/R',
  agentRuntimeArtifact: { containerConfiguration: { containerUri: 'registry/agent:1' } },
  networkConfiguration: { networkMode: 'VPC', networkModeConfig: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } },
  authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl: 'https://idp.example/' } },
  environmentVariables: { HOST: '0.0.0.0', SECRET: 'do not show' },
}

const endpointOf = (more: object): ListedEndpoint => more as ListedEndpoint // what of it is shown

const runtimeOf = (more: object): ExistingRuntime => more as ExistingRuntime // what of it is shown

const deployed = (more: object = {}, endpoints: ReadonlyArray<ListedEndpoint> = []): CloudStatus => ({
  _tag: 'Deployed',
  runtime: runtimeOf({ ...fields, ...more }),
  endpoints,
  versions: Array.from({ length: 12 }, (_, at) => String(12 - at)),
})

describe('a deployed agent', () => {
  it('is shown with all that decides how it behaves, and without the values of its variables', () => {
    const endpoints = [
      endpointOf({ name: 'DEFAULT', status: 'READY', liveVersion: '12', targetVersion: '12' }),
      endpointOf({ name: 'prod', status: 'UPDATING', liveVersion: '3', targetVersion: '12' }),
    ]
    const text = cloudLines(style, deployed({}, endpoints), record).join('\n')
    expect(text).toBe(
      [
        '  cloud      READY, version 12',
        `             ${arn}`,
        '  endpoints  DEFAULT READY, version 12',
        '             prod UPDATING, version 3, becoming 12',
        '  versions   12, 11, 10, 9, 8, 7, 6, 5, 4, 3, … (12)',
        '  settings   VPC (subnet-1, sg-1), HTTP, callers by JWT of https://idp.example/',
        '             session idle timeout 900 s, lifetime 28800 s',
        '             headers none; variables HOST, SECRET',
        '             role arn:aws-cn:iam::123456789012:role/R',
        '             not set by this project: authorizerConfiguration, environmentVariables.SECRET',
        '  logs       /aws/bedrock-agentcore/runtimes/hello-AbCdEf1234-DEFAULT',
        '  console    https://cn-north-1.console.amazonaws.cn/bedrock-agentcore/agents?region=cn-north-1',
      ].join('\n'),
    )
    expect(JSON.stringify(cloudDocument(deployed({}, endpoints), record))).not.toContain('do not show')
    expect(cloudDocument(deployed(), record)).toMatchObject({ state: 'deployed', image: 'registry/agent:1' })
  })

  it('that has failed decides the exit code, and so does an endpoint that has', () => {
    const failure = cloudFailure(deployed({ status: 'CREATE_FAILED', failureReason: 'x86 code' }))
    expect(failure === undefined ? undefined : explain(failure)).toMatchObject({
      exitCode: 1,
      message: 'The agent runtime hello-AbCdEf1234 is CREATE_FAILED: x86 code',
    })
    const prod = cloudFailure(deployed({}, [endpointOf({ name: 'prod', status: 'UPDATE_FAILED' })]))
    expect(prod === undefined ? undefined : explain(prod).message).toBe('The endpoint prod is UPDATE_FAILED')
    expect(cloudFailure(deployed())).toBeUndefined()
  })
})

describe('an agent that is not deployed, or not as it is recorded', () => {
  it.each<readonly [CloudStatus, string, number]>([
    [{ _tag: 'None' }, '  cloud      not deployed', 0],
    [{ _tag: 'Skipped', arn }, `  cloud      ${arn} (not looked at)`, 0],
    [{ _tag: 'Missing', arn }, `  cloud      no longer exists: ${arn}`, 1],
    [{ _tag: 'Unrecorded', arn, id: 'x' }, `agentcore deploy --agent hello --adopt ${arn}`, 0],
    [{ _tag: 'Unknown', arn, error: failed('NO_SDK', 'The SDK is missing', '') }, '  cloud      The SDK is missing', 1],
  ])('%j says so', (status, text, exitCode) => {
    expect(cloudLines(style, status, record).join('\n')).toContain(text)
    expect(cloudFailure(status) === undefined ? 0 : 1).toBe(exitCode)
  })
})
