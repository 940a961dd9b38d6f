import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import type { AgentConfig } from '../../lib/config/Project'
import { adoptRuntime, type Adoption, toRuntimeId } from '../../lib/deploy/adoptRuntime'
import { destroyAgent, findRemains } from '../../lib/deploy/destroyAgent'
import { explain } from '../../lib/deploy/failure/DeployError'
import { findVersions } from '../../lib/deploy/findVersions'
import { toWords } from '../../lib/deploy/plan/DeployPlan'
import { toRemovals } from '../../lib/deploy/plan/DestroyPlan'
import { toRecorded, withoutFields } from '../../lib/deploy/plan/ManagedFields'
import { type RollbackPlan, toRollback } from '../../lib/deploy/plan/RollbackPlan'
import type { ExistingRuntime } from '../../lib/deploy/plan/RuntimeRequest'
import { type FakeAccount, fakeAccount, noPause } from './account'
import { agentNamed, deploy, left, planOf, right, runPlan, settingsOf } from './deploying'

const agent = agentNamed('hello')
const [first, second] = ['a'.repeat(64), 'b'.repeat(64)] as const

const idOf = (now: AgentConfig): string => now.bedrock_agentcore?.agent_id ?? ''

const runtimeOf = (fake: FakeAccount, now: AgentConfig): ExistingRuntime => {
  const found = fake.contents.runtimes.get(idOf(now))
  if (found === undefined) throw new Error('there is no runtime')
  return found
}

const rollbackOf = async (
  fake: FakeAccount,
  now: AgentConfig,
  version: string,
  endpoint?: string,
): Promise<RollbackPlan> => {
  const settings = settingsOf(now, { env: [], endpoint })
  return right(toRollback(settings, version, right(await findVersions(fake.account, settings, now, version)())))
}

describe('a named endpoint', () => {
  const overrides = { env: [], endpoint: 'prod' }

  it('is created for the version just deployed, and stays there until it is deployed to again', async () => {
    const fake = fakeAccount()
    const one = await deploy(fake, agent, { overrides, digest: first })
    expect(one.plan.steps.slice(-2).map(toWords)).toEqual([
      'create the endpoint prod for the new version',
      'wait until the endpoint prod is ready',
    ])
    const endpoints = fake.contents.endpoints.get(idOf(one.agent))
    expect(endpoints?.get('prod')).toBe('2')

    const two = await deploy(fake, one.agent, { digest: second })
    expect(right(two.result).version).toBe('3')
    expect(endpoints?.get('prod')).toBe('2')

    const three = await deploy(fake, two.agent, { overrides, digest: second })
    expect(three.plan.steps.map(toWords)).toEqual([
      'point the endpoint prod at version 3',
      'wait until the endpoint prod is ready',
    ])
    expect(endpoints?.get('prod')).toBe('3')
    expect(right(await planOf(fake, three.agent, { overrides, digest: second })).steps).toEqual([])
  })

  it('goes before its runtime is removed', async () => {
    const fake = fakeAccount()
    const { agent: now } = await deploy(fake, agent, { overrides })
    const settings = settingsOf(now)
    const remains = right(await findRemains(fake.account, settings, now)())
    const removals = toRemovals(settings, remains)
    const wait = { pause: noPause, signal: new AbortController().signal }
    right(await destroyAgent({ account: fake.account, wait, onRemoval: () => undefined })(removals)())
    expect(fake.changes.slice(-5)).toEqual([
      ...['DeleteAgentRuntimeEndpoint', 'DeleteAgentRuntime', 'DeleteObjects', 'DeleteBucket', 'DeleteRole'],
    ])
  })
})

describe('a roll-back', () => {
  it('points a named endpoint at the version', async () => {
    const fake = fakeAccount()
    const one = await deploy(fake, agent, { digest: first })
    const two = await deploy(fake, one.agent, { digest: second, overrides: { env: [], endpoint: 'prod' } })
    const plan = await rollbackOf(fake, two.agent, '2', 'prod')
    expect(plan.steps.map(toWords)[0]).toBe('point the endpoint prod at version 2')
    await runPlan(fake, two.agent, plan)
    expect(fake.contents.endpoints.get(idOf(one.agent))?.get('prod')).toBe('2')
    expect((await rollbackOf(fake, two.agent, '2', 'prod')).steps).toEqual([])
  })

  it('makes a version again for DEFAULT, with all of its settings, and only once', async () => {
    const fake = fakeAccount()
    const one = await deploy(fake, agent, { digest: first, overrides: { env: [['MODEL', 'small']] } })
    const before = runtimeOf(fake, one.agent)
    const two = await deploy(fake, one.agent, { digest: second, overrides: { env: [['MODEL', 'large']] } })
    const plan = await rollbackOf(fake, two.agent, '2')
    expect(plan.steps.map(toWords)[0]).toBe(
      `restore version 2 of the agent runtime ${idOf(one.agent)} as a new version: code, environment`,
    )
    const { result, agent: after } = await runPlan(fake, two.agent, plan)
    expect(right(result).version).toBe('4')
    const { agentRuntimeArtifact, environmentVariables } = before
    expect(runtimeOf(fake, two.agent)).toMatchObject({ agentRuntimeArtifact, environmentVariables })
    expect((await rollbackOf(fake, after, '2')).steps).toEqual([])
  })

  it('names the versions that there are', async () => {
    const fake = fakeAccount()
    const { agent: now } = await deploy(fake, agent)
    const settings = settingsOf(now)
    const error = left(toRollback(settings, '7', right(await findVersions(fake.account, settings, now, '7')())))
    expect(explain(error)).toMatchObject({
      message: 'The agent runtime has no version 7',
      next: expect.stringContaining('2, 1') as string,
    })
  })
})

describe('fields that are dropped from the configuration', () => {
  const rich = agentNamed('hello', {
    aws: { lifecycle_configuration: { idle_runtime_session_timeout: 120, max_lifetime: 240 } },
    authorizer_configuration: { customJWTAuthorizer: { discoveryUrl: 'https://idp.example/' } },
    request_header_configuration: { requestHeaderAllowlist: ['X-Team'] },
    memory: { memory_id: 'm-1' },
  })

  it('are removed where this project has set them, and kept where others have', async () => {
    const fake = fakeAccount()
    const one = await deploy(fake, rich, { overrides: { env: [['MODEL', 'small']] } })
    const runtime = runtimeOf(fake, one.agent)
    const byHand = { ...runtime, environmentVariables: { ...runtime.environmentVariables, BY_HAND: 'x' } }
    fake.contents.runtimes.set(idOf(one.agent), byHand)
    const plain: AgentConfig = {
      ...agent,
      aws: { ...one.agent.aws, lifecycle_configuration: null },
      bedrock_agentcore: one.agent.bedrock_agentcore,
    }
    const two = await deploy(fake, plain)
    expect(two.plan.removed).toEqual([
      ...['authorizerConfiguration', 'environmentVariables.BEDROCK_AGENTCORE_MEMORY_ID'],
      ...['lifecycleConfiguration.idleRuntimeSessionTimeout', 'lifecycleConfiguration.maxLifetime'],
      'requestHeaderConfiguration',
    ])
    const after = runtimeOf(fake, one.agent)
    expect(after).not.toHaveProperty('authorizerConfiguration')
    expect(after).not.toHaveProperty('requestHeaderConfiguration')
    expect(after.environmentVariables).toEqual({ HOST: '0.0.0.0', MODEL: 'small', BY_HAND: 'x' })
    expect(two.plan.kept).toEqual(['environmentVariables.MODEL', 'environmentVariables.BY_HAND'])

    const three = await deploy(fake, two.agent, { overrides: { env: [['OTHER', 'y']] } })
    expect(three.plan.removed).toEqual(['environmentVariables.MODEL'])
    const four = await deploy(fake, three.agent, { overrides: { env: [], unsetEnv: ['BY_HAND'] } })
    expect(four.plan.removed).toEqual(['environmentVariables.BY_HAND'])
    expect(runtimeOf(fake, one.agent).environmentVariables).toEqual({ HOST: '0.0.0.0', OTHER: 'y' })
    expect(right(await planOf(fake, four.agent)).steps).toEqual([])
  })

  it('that come back with a roll-back are this project’s again', async () => {
    const fake = fakeAccount()
    const one = await deploy(fake, rich)
    const without = { ...agent, aws: one.agent.aws, bedrock_agentcore: one.agent.bedrock_agentcore }
    const two = await deploy(fake, without)
    const { agent: back } = await runPlan(fake, two.agent, await rollbackOf(fake, two.agent, '2'))
    expect(runtimeOf(fake, back)).toHaveProperty('authorizerConfiguration')
    const three = await deploy(fake, back)
    expect(three.plan.removed).toContain('authorizerConfiguration')
  })

  it('are never both managed and dropped, and a runtime without them has none', () => {
    const names = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'HOST', 'BEDROCK_AGENTCORE_MEMORY_ID'))
    fc.assert(
      fc.property(names, names, names, fc.boolean(), (recorded, now, unset, hasVariables) => {
        const environment = Object.fromEntries(now.map((name) => [name, 'x']))
        const { managed, dropped } = toRecorded(
          recorded.map((name) => `environmentVariables.${name}`),
          { environment, authorizer: undefined, headerAllowlist: [], lifecycle: undefined },
          { hasVariables, unset },
        )
        expect(managed.filter((field) => dropped.includes(field))).toEqual([])
        expect(managed).toEqual(expect.arrayContaining(now.map((name) => `environmentVariables.${name}`)))
        const all = Object.fromEntries([...recorded, ...unset].map((name) => [name, 'old']))
        const left = withoutFields({ environmentVariables: all } as unknown as ExistingRuntime, dropped)
        const names = Object.keys(left.environmentVariables ?? {}).map((name) => `environmentVariables.${name}`)
        expect(names.filter((name) => dropped.includes(name))).toEqual([])
      }),
    )
  })
})

describe('adopting a runtime', () => {
  const theirs = async (): Promise<{ readonly fake: FakeAccount; readonly id: string; readonly arn: string }> => {
    const fake = fakeAccount()
    const executionRole = 'arn:aws:iam::123456789012:role/Theirs'
    const { result } = await deploy(fake, agentNamed('byhand'), {
      overrides: { env: [['THEIRS', '1']], executionRole },
    })
    fake.changes.length = 0
    return { fake, ...right(result) }
  }

  const adopt = async (fake: FakeAccount, adoption: Adoption, now = agent) =>
    adoptRuntime(fake.account.runtimes, now, adoption)()

  it('by its ARN updates it, keeps its role and variables, and records it', async () => {
    const { fake, id, arn } = await theirs()
    const adopted = right(await adopt(fake, { _tag: 'ByArn', arn }))
    const { plan, agent: now, result } = await deploy(fake, adopted, { adopts: true })
    expect(plan.steps.map(({ _tag }) => _tag)).toEqual([
      ...['UploadCode', 'RecordRuntime', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'],
    ])
    expect(plan.kept).toEqual(['environmentVariables.THEIRS'])
    expect(right(result)).toMatchObject({ id, version: '3' })
    expect(now).toMatchObject({
      aws: { execution_role: 'arn:aws:iam::123456789012:role/Theirs' },
      bedrock_agentcore: { agent_id: id, agent_arn: arn },
    })
    expect(runtimeOf(fake, now).roleArn).toBe('arn:aws:iam::123456789012:role/Theirs')
    expect(fake.changes).not.toContain('CreateRole')
  })

  it('by the name of the agent finds nothing where there is nothing', async () => {
    const { fake } = await theirs()
    expect(right(await adopt(fake, { _tag: 'ByName' }))).toBe(agent)
    expect(idOf(right(await adopt(fake, { _tag: 'ByName' }, agentNamed('byhand'))))).not.toBe('')
  })

  it('is refused for an agent that is deployed already, and for a runtime that is not there', async () => {
    const { fake, arn } = await theirs()
    const { agent: now } = await deploy(fake, agent)
    expect(explain(left(await adopt(fake, { _tag: 'ByArn', arn }, now))).message).toContain('deployed already')
    const nowhere = arn.replace(/.{10}$/, 'zzzzzzzzzz')
    expect(left(await adopt(fake, { _tag: 'ByArn', arn: nowhere }))).toEqual({ _tag: 'RuntimeMissing', arn: nowhere })
  })

  it.each(['', 'hello', 'arn:aws:iam::123456789012:role/x', 'arn:aws:bedrock-agentcore:eu-west-1:1:runtime/../x'])(
    'needs the ARN of a runtime, not %j',
    (text) => expect(E.isLeft(toRuntimeId(text))).toBe(true),
  )
})
