import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { type DeployError, explain } from '../../lib/deploy/failure/DeployError'
import { toWords } from '../../lib/deploy/plan/DeployPlan'
import { bucketName, roleName } from '../../lib/deploy/resources/ResourceNames'
import { fakeAccount } from './account'
import { agentNamed, changed, deploy, left, place, planOf, right } from './deploying'

const agent = agentNamed('hello')

const denied: DeployError = { _tag: 'AccessDenied', operation: 'x', reason: 'no' }

const rolePending: DeployError = {
  _tag: 'ServiceFailed',
  operation: 'bedrock-agentcore:CreateAgentRuntime',
  name: 'ValidationException',
  reason: "Role validation failed for 'arn:aws:iam::123456789012:role/x'",
  requestId: undefined,
}

describe('a first deployment', () => {
  it('makes a role, a bucket and a runtime, and remembers them', async () => {
    const fake = fakeAccount()
    const { result, agent: after } = await deploy(fake, agent)
    const { id, arn, version } = right(result)
    expect(fake.changes).toEqual([
      ...['CreateRole', 'PutRolePolicy', 'CreateBucket', 'PutObject'],
      ...['CreateAgentRuntime', 'UpdateAgentRuntime'],
    ])
    expect(version).toBe('2')
    expect(after).toMatchObject({
      aws: {
        account: '123456789012',
        region: 'eu-west-1',
        execution_role: `arn:aws:iam::123456789012:role/${roleName('hello', 'eu-west-1')}`,
        s3_path: `s3://${bucketName(place)}`,
      },
      bedrock_agentcore: { agent_id: id, agent_arn: arn, agent_session_id: null },
    })
    expect(fake.contents.runtimes.get(id)).toMatchObject({
      agentRuntimeArtifact: { codeConfiguration: { runtime: 'NODE_22', entryPoint: ['main.js'] } },
      environmentVariables: { HOST: '0.0.0.0' },
      metadataConfiguration: { requireMMDSV2: true },
      status: 'READY',
    })
  })

  it('neither makes nor changes a role that the user gives', async () => {
    const fake = fakeAccount()
    const executionRole = 'arn:aws:iam::123456789012:role/Mine'
    const { agent: after } = await deploy(fake, agent, { overrides: { env: [], executionRole } })
    expect(fake.changes).not.toContain('CreateRole')
    expect(fake.changes).not.toContain('PutRolePolicy')
    expect(after.aws?.execution_role).toBe(executionRole)
  })

  it('uses a role of others with that name as it is', async () => {
    const fake = fakeAccount()
    fake.contents.roles.set(roleName('hello', 'eu-west-1'), { isOurs: false, policy: 'theirs' })
    await deploy(fake, agent)
    expect(fake.contents.roles.get(roleName('hello', 'eu-west-1'))?.policy).toBe('theirs')
  })

  it('makes the service-linked role for VPCs where the account has none, and only for agents in a VPC', async () => {
    const fake = fakeAccount()
    const inVpc = agentNamed('inside', {
      aws: {
        network_configuration: {
          network_mode: 'VPC',
          network_mode_config: { subnets: ['subnet-1'], security_groups: ['sg-1'] },
        },
      },
    })
    expect(right(await planOf(fake, agent)).steps.map(({ _tag }) => _tag)).not.toContain('CreateNetworkRole')
    const { agent: after } = await deploy(fake, inVpc)
    expect(fake.changes.filter((operation) => operation === 'CreateServiceLinkedRole')).toHaveLength(1)
    expect(right(await planOf(fake, after)).steps).toEqual([])
    expect(right(await planOf(fake, { ...inVpc, name: 'second' })).steps.map(({ _tag }) => _tag)).not.toContain(
      'CreateNetworkRole',
    )
  })

  it('waits for a new role to become known', async () => {
    let refusals = 0
    const fake = fakeAccount((operation) =>
      operation === 'CreateAgentRuntime' && refusals++ < 3 ? rolePending : undefined,
    )
    right((await deploy(fake, agent)).result)
    expect(refusals).toBe(4)
  })

  it('gives up on a role after four attempts', async () => {
    let refusals = 0
    const fake = fakeAccount((operation) => {
      if (operation !== 'CreateAgentRuntime') return undefined
      refusals += 1
      return rolePending
    })
    expect(left((await deploy(fake, agent)).result).error).toEqual(rolePending)
    expect(refusals).toBe(4)
  })
})

describe('a second deployment', () => {
  it('changes nothing where nothing has changed', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent)
    expect(right(await planOf(fake, after)).steps).toEqual([])
  })

  it('uploads changed code beside the old, and updates the runtime', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent)
    const { plan, result } = await deploy(fake, after, { digest: 'b'.repeat(64) })
    expect(plan.steps.map(toWords)).toEqual([
      expect.stringMatching(/^upload the code .* to s3:.*\/hello\/b{16}\/deployment_package[.]zip$/),
      expect.stringMatching(/^update the agent runtime hello-0000000001: code$/),
      'wait until the agent runtime is ready',
      'wait until the endpoint DEFAULT is ready',
    ])
    expect(right(result).version).toBe('3')
    expect(fake.contents.buckets.get(bucketName(place))?.objects.size).toBe(2)
  })

  it('updates changed settings without an upload', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent)
    const slower = changed(after, [
      { path: ['agents', 'hello', 'aws', 'lifecycle_configuration', 'max_lifetime'], value: 3600 },
    ])
    const plan = right(await planOf(fake, slower, { overrides: { env: [['KEY', 'v']] } }))
    expect(plan.steps.map(({ _tag }) => _tag)).toEqual(['UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'])
    expect(plan.steps[0]).toMatchObject({ changes: ['environmentVariables', 'lifecycleConfiguration'] })
  })

  it('keeps what the configuration does not mention, and says so', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, { overrides: { env: [['KEY', 'v']] } })
    const id = after.bedrock_agentcore?.agent_id ?? ''
    const runtime = fake.contents.runtimes.get(id)
    const byHand = { description: 'by hand', filesystemConfigurations: [{ sessionStorage: { mountPath: '/mnt/x' } }] }
    if (runtime === undefined) throw new Error('nothing was deployed')
    fake.contents.runtimes.set(id, { ...runtime, ...byHand })
    const { plan } = await deploy(fake, after, { digest: 'b'.repeat(64) })
    expect(fake.contents.runtimes.get(id)).toMatchObject({ ...byHand, environmentVariables: { KEY: 'v' } })
    expect(plan.kept).toEqual(['filesystemConfigurations', 'environmentVariables.KEY'])
  })

  it('does not repeat a description that was never set, which reads as an empty one', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent)
    const id = after.bedrock_agentcore?.agent_id ?? ''
    const runtime = fake.contents.runtimes.get(id)
    if (runtime === undefined) throw new Error('nothing was deployed')
    fake.contents.runtimes.set(id, { ...runtime, description: '' })
    expect(right(await planOf(fake, after)).steps).toEqual([])
    await deploy(fake, after, { digest: 'b'.repeat(64) })
    expect(fake.contents.runtimes.get(id)).not.toHaveProperty('description')
  })

  it('makes a new runtime where the old one was deleted', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent)
    fake.contents.runtimes.clear()
    const { result, agent: last } = await deploy(fake, after)
    expect(right(result).id).not.toBe(after.bedrock_agentcore?.agent_id)
    expect(last.bedrock_agentcore?.agent_id).toBe(right(result).id)
  })
})

describe('a runtime that the project does not know', () => {
  it('is left alone without --auto-update-on-conflict', async () => {
    const fake = fakeAccount()
    await deploy(fake, agent)
    const error = left(await planOf(fake, agent))
    expect(explain(error)).toMatchObject({ next: expect.stringContaining('--auto-update-on-conflict') as string })
  })

  it('is taken over with it', async () => {
    const fake = fakeAccount()
    const { result } = await deploy(fake, agent)
    const taken = await deploy(fake, agent, { updatesOnConflict: true })
    expect(taken.plan.steps.map(({ _tag }) => _tag)).toEqual(['RecordRuntime'])
    expect(taken.agent.bedrock_agentcore?.agent_id).toBe(right(result).id)
  })
})

describe('a deployment that stops', () => {
  const operations = [
    ...['CreateRole', 'PutRolePolicy', 'CreateBucket', 'PutObject', 'CreateAgentRuntime', 'UpdateAgentRuntime'],
    ...['GetAgentRuntimeEndpoint'],
  ] as const

  it('says what is done, where it stopped and what is left, and the next one goes on from there', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), async (broken) => {
        let isBroken = true
        const fake = fakeAccount((operation) => (isBroken && operation === broken ? denied : undefined))
        const first = await deploy(fake, agent)
        const { done, at, pending, error } = left(first.result)
        expect(error).toBe(denied)
        expect([...done, ...pending]).toEqual(first.plan.steps)
        expect(pending[0]).toBe(at)

        isBroken = false
        const made = [...fake.changes]
        right((await deploy(fake, first.agent)).result)
        const again = fake.changes.slice(made.length).filter((operation) => made.includes(operation))
        expect(again.filter((operation) => operation !== 'UpdateAgentRuntime')).toEqual([])
        expect(fake.contents.runtimes.size).toBe(1)
      }),
    ))

  it('does so after Ctrl-C at any step', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(8), async (at) => {
        const fake = fakeAccount()
        const breaking = new AbortController()
        let begun = 0
        const first = await deploy(fake, agent, {
          signal: breaking.signal,
          onStep: ({ _tag }) => {
            if (_tag === 'Begun' && begun++ === at) breaking.abort()
          },
        })
        if (at < first.plan.steps.length - 1) expect(left(first.result).error._tag).toBe('Interrupted')
        const second = await deploy(fake, first.agent)
        right(second.result)
        expect(fake.contents.runtimes.size).toBe(1)
        expect(right(await planOf(fake, second.agent)).steps).toEqual([])
      }),
    ))

  it('reports why a runtime could not be made', async () => {
    const fake = fakeAccount()
    const find = fake.account.runtimes.find
    const failing = {
      ...fake,
      account: {
        ...fake.account,
        runtimes: {
          ...fake.account.runtimes,
          find: (id: string) => async () => {
            const found = right(await find(id)())
            if (found === undefined) return E.right(undefined)
            return E.right({ ...found, status: 'CREATE_FAILED' as const, failureReason: 'x86 code' })
          },
        },
      },
    }
    const { error } = left((await deploy(failing, agent)).result)
    expect(explain(error)).toMatchObject({
      message: 'The agent runtime hello-0000000001 is CREATE_FAILED: x86 code',
      next: expect.stringContaining('/aws/bedrock-agentcore/runtimes/hello-0000000001-DEFAULT') as string,
    })
  })
})
