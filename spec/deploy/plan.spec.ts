import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { isRegion, toPartition } from '../../lib/core/Region'
import { explain } from '../../lib/deploy/failure/DeployError'
import { type Existing, toPlan } from '../../lib/deploy/plan/DeployPlan'
import { toSettings } from '../../lib/deploy/plan/DeploySettings'
import { executionPolicy, trustPolicy } from '../../lib/deploy/resources/ExecutionRole'
import {
  bucketName,
  codeKey,
  consoleUrl,
  isCodeKey,
  type Place,
  policyName,
  roleArn,
  roleName,
} from '../../lib/deploy/resources/ResourceNames'
import {
  type ExistingRuntime,
  toChanges,
  toReplacement,
  toWanted,
  type WantedRuntime,
} from '../../lib/deploy/plan/RuntimeRequest'
import { agentNamed, left, place, right, settingsOf } from './deploying'

describe('names', () => {
  it('are those of the service and of the starter toolkit', () => {
    expect(bucketName(place)).toBe('bedrock-agentcore-code-123456789012-eu-west-1')
    expect(roleName('hello', 'eu-west-1')).toBe('AmazonBedrockAgentCoreSDKRuntime-eu-west-1-2cf24dba5f')
    expect(policyName('hello')).toBe('BedrockAgentCoreRuntimeExecutionPolicy-hello')
    expect(codeKey('hello', 'team', 'ab'.repeat(32))).toBe('team/hello/abababababababab/deployment_package.zip')
  })

  it('of roles fit into IAM for every agent and region', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,47}$/), (agent) => {
        expect(roleName(agent, 'ap-southeast-12')).toMatch(/^[\w+=,.@-]{1,64}$/)
        expect(policyName(agent)).toMatch(/^[\w+=,.@-]{1,128}$/)
      }),
    ))

  it('of keys are told from those of others', () => {
    const key = codeKey('hello', '', 'ab'.repeat(32))
    expect(isCodeKey('hello', '', key)).toBe(true)
    expect(isCodeKey('hell', '', key)).toBe(false)
    expect(isCodeKey('hello', '', 'hello/notes.txt')).toBe(false)
    expect(isCodeKey('hello', 'team', key)).toBe(false)
  })

  it.each([
    ['aws', 'us-west-2', 'https://us-west-2.console.aws.amazon.com/'],
    ['aws-us-gov', 'us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
    ['aws-cn', 'cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
  ] as const)('of the partition %s have its form', (partition, region, url) => {
    const there = { account: '123456789012', region, partition }
    expect(roleArn(there, 'R')).toBe(`arn:${partition}:iam::123456789012:role/R`)
    expect(consoleUrl(there)).toMatch(url)
    const arns = JSON.stringify([trustPolicy(there), executionPolicy(there, { agent: 'hello', protocol: 'A2A' })])
    expect(arns.match(/arn:[\w-]+/g)?.every((start) => start === `arn:${partition}`)).toBe(true)
  })
})

describe('a plan', () => {
  const regions = ['us-east-1', 'ap-southeast-7', 'us-gov-west-1', 'us-gov-east-1', 'cn-north-1', 'cn-northwest-1']

  it('names the partition of its region in every ARN, whatever the agent', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...regions),
        fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,47}$/),
        fc.constantFrom('HTTP' as const, 'MCP' as const, 'A2A' as const, 'AGUI' as const),
        (region, name, protocol) => {
          if (!isRegion(region)) throw new Error('no region')
          const partition = toPartition(region)
          const there: Place = { account: '123456789012', region, partition }
          const agent = agentNamed(name, { aws: { protocol_configuration: { server_protocol: protocol } } })
          const settings = right(toSettings(there, { env: [] })(agent))
          const existing: Existing = {
            role: { _tag: 'Missing' },
            hasNetworkRole: true,
            hasBucket: false,
            hasCode: false,
            image: undefined,
            runtime: undefined,
            isKnown: false,
            endpoint: undefined,
          }
          const plan = right(toPlan({ updatesOnConflict: false })(settings, { digest: 'ab', bytes: 1 }, existing))
          const policies = [trustPolicy(there), executionPolicy(there, { agent: name, protocol })]
          const arns = JSON.stringify([plan.settings, plan.steps, policies]).match(/arn:[^:"]*:/g) ?? []
          expect(arns.length).toBeGreaterThan(5)
          expect([...new Set(arns)]).toEqual([`arn:${partition}:`])
          expect(consoleUrl(there)).toContain(region)
          const hosts = { aws: 'aws.amazon.com', 'aws-us-gov': 'amazonaws-us-gov.com', 'aws-cn': 'amazonaws.cn' }
          expect(new URL(consoleUrl(there)).host.endsWith(hosts[partition])).toBe(true)
          // Service principals are those of the global partition everywhere.
          expect(JSON.stringify(trustPolicy(there))).toContain('"bedrock-agentcore.amazonaws.com"')
        },
      ),
    ))
})

describe('the policies of a role', () => {
  it('let the service take it on for this account and region alone', () => {
    expect(trustPolicy(place).Statement).toEqual([
      {
        Sid: 'AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'bedrock-agentcore.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: { 'aws:SourceAccount': '123456789012' },
          ArnLike: { 'aws:SourceArn': 'arn:aws:bedrock-agentcore:eu-west-1:123456789012:*' },
        },
      },
    ])
  })

  it('allow no action by a wildcard, and every resource only where IAM knows no other or a condition stands', () => {
    for (const { Action, Resource, Condition, Sid } of executionPolicy(place, { agent: 'a', protocol: 'A2A' })
      .Statement) {
      expect([Action].flat().filter((action) => action.includes('*'))).toEqual([])
      if (Resource === '*' && Condition === undefined) expect(Sid).toBe('Traces')
    }
  })

  it('let an agent call other agents only over A2A', () => {
    const actions = (protocol: string): string => JSON.stringify(executionPolicy(place, { agent: 'a', protocol }))
    expect(actions('A2A')).toContain('InvokeAgentRuntime')
    expect(actions('HTTP')).not.toContain('InvokeAgentRuntime')
  })

  it('stay within the size of an inline policy', () => {
    const policy = executionPolicy(
      { account: '123456789012', region: 'us-gov-west-1', partition: 'aws-us-gov' },
      { agent: 'a'.repeat(48), protocol: 'A2A' },
    )
    expect(JSON.stringify(policy).length).toBeLessThan(10_240)
  })
})

describe('settings', () => {
  it('take everything of the configuration that a runtime has', () => {
    const agent = agentNamed('hello', {
      aws: {
        network_configuration: {
          network_mode: 'VPC',
          network_mode_config: { subnets: ['subnet-1'], security_groups: ['sg-1'] },
        },
        protocol_configuration: { server_protocol: 'A2A' },
        lifecycle_configuration: { idle_runtime_session_timeout: 120, max_lifetime: null },
        s3_path: 's3://mine/agents/',
      },
      memory: { memory_id: 'm-1', memory_name: 'mem' },
      authorizer_configuration: { customJWTAuthorizer: { discoveryUrl: 'https://idp.example/' } },
      request_header_configuration: { requestHeaderAllowlist: ['X-Team'] },
    })
    const settings = settingsOf(agent, { env: [['HOST', '127.0.0.1']] })
    expect(settings.bucket).toEqual({ from: 'yours', bucket: 'mine', prefix: 'agents' })
    expect(toWanted(settings, { _tag: 'Code', code: { bucket: 'mine', key: 'k' } })).toEqual({
      agentRuntimeName: 'hello',
      agentRuntimeArtifact: {
        codeConfiguration: {
          code: { s3: { bucket: 'mine', prefix: 'k' } },
          runtime: 'NODE_22',
          entryPoint: ['main.js'],
        },
      },
      roleArn: settings.role.arn,
      networkConfiguration: {
        networkMode: 'VPC',
        networkModeConfig: { subnets: ['subnet-1'], securityGroups: ['sg-1'] },
      },
      protocolConfiguration: { serverProtocol: 'A2A' },
      lifecycleConfiguration: { idleRuntimeSessionTimeout: 120 },
      environmentVariables: {
        HOST: '127.0.0.1',
        BEDROCK_AGENTCORE_MEMORY_ID: 'm-1',
        BEDROCK_AGENTCORE_MEMORY_NAME: 'mem',
      },
      authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl: 'https://idp.example/' } },
      requestHeaderConfiguration: { requestHeaderAllowlist: ['X-Team'] },
    })
  })

  it.each([
    ['the account of others', { aws: { account: '999999999999' } }, /configured for the account 999999999999/],
    [
      'a VPC without subnets',
      { aws: { network_configuration: { network_mode: 'VPC' as const } } },
      /VPC needs subnets/,
    ],
    ['a bucket that is none', { aws: { s3_path: 'UPPER' } }, /is no bucket/],
    [
      'another region than it is deployed in',
      { bedrock_agentcore: { agent_arn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/x-0123456789' } },
      /deployed in us-west-2, not in eu-west-1/,
    ],
  ])('refuse %s', (_, more, message) => {
    expect(explain(left(toSettings(place, { env: [] })(agentNamed('hello', more)))).message).toMatch(message)
  })

  it('refuse more variables than a runtime may have', () => {
    const env = Array.from({ length: 50 }, (_, at) => [`V${at}`, ''] as const)
    expect(explain(left(toSettings(place, { env })(agentNamed('hello')))).message).toMatch(/51 variables/)
    expect(E.isRight(toSettings(place, { env: env.slice(1) })(agentNamed('hello')))).toBe(true)
  })
})

describe('a replacement', () => {
  const text = fc.stringMatching(/^[a-z]{1,6}$/)
  const variables = fc.dictionary(text, text, { maxKeys: 5 })
  const optional = {
    description: text,
    authorizerConfiguration: fc.record({ customJWTAuthorizer: fc.record({ discoveryUrl: text }) }),
    protocolConfiguration: fc.record({ serverProtocol: fc.constantFrom('HTTP', 'MCP') }),
    lifecycleConfiguration: fc.record(
      {
        idleRuntimeSessionTimeout: fc.integer({ min: 60, max: 900 }),
        maxLifetime: fc.integer({ min: 900, max: 9000 }),
      },
      { requiredKeys: [] },
    ),
    environmentVariables: variables,
  }
  const required = {
    roleArn: text,
    agentRuntimeArtifact: fc.record({ containerConfiguration: fc.record({ containerUri: text }) }),
    networkConfiguration: fc.constant({ networkMode: 'PUBLIC' }),
  }
  const keys = Object.keys(required) as ReadonlyArray<keyof typeof required>
  const existing = fc
    .record({ ...required, ...optional, agentRuntimeId: text }, { requiredKeys: [...keys, 'agentRuntimeId'] })
    .map((value) => value as unknown as ExistingRuntime) // the answers of the service have more, which no request has
  const wanted = fc
    .record({ ...required, ...optional, agentRuntimeName: text }, { requiredKeys: [...keys, 'agentRuntimeName'] })
    .map((value) => value as unknown as WantedRuntime)

  it('says what is wanted, and keeps every other field', () =>
    fc.assert(
      fc.property(existing, wanted, (before, { agentRuntimeName: _, ...wish }) => {
        const after = toReplacement(before, { agentRuntimeName: '', ...wish })
        expect(after).toMatchObject(wish)
        expect(after.environmentVariables ?? {}).toMatchObject({
          ...before.environmentVariables,
          ...wish.environmentVariables,
        })
        expect(after.description).toBe(wish.description ?? before.description)
        expect(after.metadataConfiguration).toEqual({ requireMMDSV2: true })
      }),
    ))

  it('changes nothing the second time', () =>
    fc.assert(
      fc.property(existing, wanted, (before, wish) => {
        const once = toReplacement(before, wish)
        const merged = { ...before, ...once }
        const after = merged as ExistingRuntime // what an update makes of a runtime
        expect(toChanges(after, toReplacement(after, wish))).toEqual([])
      }),
    ))
})

it('right and left of these specs fail where there is none', () => {
  expect(() => right(E.left('x'))).toThrow('left: "x"')
  expect(() => left(E.right('x'))).toThrow('right: "x"')
})
