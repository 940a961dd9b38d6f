import * as fc from 'fast-check'
import { explain } from '../../lib/deploy/failure/DeployError'
import { destroyAgent, findRemains } from '../../lib/deploy/destroyAgent'
import { toForgotten } from '../../lib/deploy/DeployState'
import { toWords } from '../../lib/deploy/plan/DeployPlan'
import type { ImageOverrides } from '../../lib/deploy/image/ImageSettings'
import { toRemovals } from '../../lib/deploy/plan/DestroyPlan'
import type { DeployError } from '../../lib/deploy/failure/DeployError'
import { projectName, repositoryName, sourceTag, timeTag } from '../../lib/deploy/resources/ImageNames'
import { codePrefix, isCodeKey } from '../../lib/deploy/resources/ResourceNames'
import { fakeAccount, noPause } from './account'
import { agentNamed, changed, deploy, left, planOf, right, settingsOf } from './deploying'
import { fakeEngine } from './images'

const agent = agentNamed('hello', { deployment_type: 'container' })
const repository = 'bedrock-agentcore-hello'
const registry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'

const image = (name: string, more: Partial<ImageOverrides> = {}): ImageOverrides => ({
  builder: 'CodeBuild',
  tag: { name, isChosen: false },
  ...more,
})

const chosen = (name: string): ImageOverrides => image(name, { tag: { name, isChosen: true } })

const built = (name: string) => ({ overrides: { env: [], image: image(name) } })

const denied: DeployError = { _tag: 'AccessDenied', operation: 'x', reason: 'no' }

describe('a container built by CodeBuild', () => {
  it('makes what a build needs, builds, and runs the image by its content', async () => {
    const fake = fakeAccount()
    const { result, agent: after, plan } = await deploy(fake, agent, built('t1'))
    expect(plan.steps.map(toWords)).toEqual([
      expect.stringMatching(/^create the execution role /),
      expect.stringMatching(/^write the policy of the role .*Runtime/),
      `create the ECR repository ${repository}`,
      expect.stringMatching(/^create the role .*CodeBuild.* for CodeBuild$/),
      expect.stringMatching(/^write the policy of the role .*CodeBuild/),
      expect.stringMatching(/^create the bucket /),
      expect.stringMatching(/^upload the code .*\/hello\/a{16}\/source[.]zip$/),
      'create the log group /aws/codebuild/bedrock-agentcore-hello-builder',
      'create the CodeBuild project bedrock-agentcore-hello-builder',
      `build the image ${registry}/${repository}:t1 with CodeBuild`,
      'create the agent runtime hello',
      ...['wait until the agent runtime is ready', 'require MMDSv2 for the agent runtime'],
      ...['wait until the agent runtime is ready', 'wait until the endpoint DEFAULT is ready'],
    ])
    const { id, image: uri } = right(result)
    expect(uri).toMatch(/@sha256:[0-9a-f]{64}$/)
    expect(fake.contents.runtimes.get(id)?.agentRuntimeArtifact).toEqual({
      containerConfiguration: { containerUri: uri },
    })
    expect(after).toMatchObject({
      aws: { ecr_repository: `${registry}/${repository}` },
      codebuild: { project_name: 'bedrock-agentcore-hello-builder', source_bucket: expect.any(String) as string },
    })
    const [pushed] = fake.images.repositories.get(repository)?.images ?? []
    expect([...(pushed?.tags ?? [])]).toEqual([sourceTag('a'.repeat(64)), 't1'])
  })

  it('builds nothing again of the same source, whatever the time is', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, built('t1'))
    expect(right(await planOf(fake, after, built('t2'))).steps).toEqual([])
  })

  it('builds changed source with what is there already', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, built('t1'))
    const { plan, result } = await deploy(fake, after, { ...built('t2'), digest: 'b'.repeat(64) })
    expect(plan.steps.map(({ _tag }) => _tag)).toEqual([
      ...['UploadCode', 'BuildImage', 'UpdateRuntime', 'AwaitRuntime', 'AwaitEndpoint'],
    ])
    expect(right(result).image).not.toBeUndefined()
    expect(fake.images.repositories.get(repository)?.images).toHaveLength(2)
  })

  it('only tags an image of the same source that lacks the chosen tag', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, built('t1'))
    const { plan } = await deploy(fake, after, { overrides: { env: [], image: chosen('v1') } })
    expect(plan.steps.map(toWords)).toEqual([`tag the image as ${registry}/${repository}:v1`])
    const again = right(await planOf(fake, after, { overrides: { env: [], image: chosen('v1') } }))
    expect(again.steps).toEqual([])
  })

  it('never moves a tag to another source', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, { overrides: { env: [], image: chosen('v1') } })
    const other = await planOf(fake, after, { digest: 'b'.repeat(64), overrides: { env: [], image: chosen('v1') } })
    expect(explain(left(other))).toMatchObject({
      message: `The repository ${repository} already has an image tagged v1, built from another source`,
      next: 'choose another --image-tag, or omit it',
    })
  })

  it('reports the phase and the end of the log of a build that fails, and builds again the next time', async () => {
    const fake = fakeAccount()
    fake.images.next.build = 'FAILED'
    const passed: Array<string> = []
    const { result, agent: after } = await deploy(fake, agent, {
      ...built('t1'),
      onStep: (news) => (news._tag === 'Passed' ? void passed.push(news.text) : undefined),
    })
    expect(explain(left(result).error)).toEqual({
      message: 'The build bedrock-agentcore-hello-builder:1 is FAILED in the phase BUILD: exit status 1',
      next: expect.stringContaining('/aws/codebuild/bedrock-agentcore-hello-builder') as string,
      details: ['npm error missing script'],
    })
    expect(passed).toEqual([
      'Submitted: succeeded (1 s)',
      'Provisioning: succeeded (1 s)',
      'Download source: succeeded (1 s)',
      'Build: failed (1 s)',
    ])
    fake.images.next.build = 'SUCCEEDED'
    const second = await deploy(fake, after, built('t2'))
    expect(second.plan.steps[0]?._tag).toBe('BuildImage')
    right(second.result)
  })

  it('goes on with a build that a cancelled deployment has started', async () => {
    const fake = fakeAccount()
    const breaking = new AbortController()
    const first = await deploy(fake, agent, {
      ...built('t1'),
      signal: breaking.signal,
      onStep: (news) => (news._tag === 'Progress' && news.step._tag === 'BuildImage' ? breaking.abort() : undefined),
    })
    expect(left(first.result).error._tag).toBe('Interrupted')
    const second = await deploy(fake, first.agent, built('t2'))
    expect(second.plan.steps.map(toWords)[0]).toBe(
      'wait for the build bedrock-agentcore-hello-builder:1, which is in progress',
    )
    right(second.result)
    expect(fake.changes.filter((operation) => operation === 'StartBuild')).toHaveLength(1)
  })

  it('waits for a role that CodeBuild does not know yet', async () => {
    let refusals = 0
    const refused: DeployError = {
      _tag: 'ServiceFailed',
      operation: 'codebuild:CreateProject',
      name: 'InvalidInputException',
      reason: 'CodeBuild is not authorized to perform: sts:AssumeRole on service role',
      requestId: undefined,
    }
    const fake = fakeAccount((operation) => (operation === 'CreateProject' && refusals++ < 2 ? refused : undefined))
    right((await deploy(fake, agent, built('t1'))).result)
    expect(refusals).toBe(3)
  })

  it('goes on after a failure of any of its operations', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          ...['CreateRole', 'PutRolePolicy', 'CreateRepository', 'CreateBucket', 'PutObject', 'CreateLogGroup'],
          ...['CreateProject', 'StartBuild', 'BatchGetBuilds', 'CreateAgentRuntime'],
        ),
        async (broken) => {
          let isBroken = true
          const fake = fakeAccount((operation) => (isBroken && operation === broken ? denied : undefined))
          const first = await deploy(fake, agent, built('t1'))
          expect(left(first.result).error).toBe(denied)
          isBroken = false
          const second = await deploy(fake, first.agent, built('t2'))
          right(second.result)
          expect(fake.images.builds.size).toBe(1)
          expect(right(await planOf(fake, second.agent, built('t3'))).steps).toEqual([])
        },
      ),
    ))
})

describe('a container built on this machine', () => {
  const here = (name: string, more: Partial<ImageOverrides> = {}) => ({
    overrides: { env: [], image: image(name, { builder: 'Engine' as const, ...more }) },
  })

  it('is built before anything of it is made, pushed with the token, and run by its content', async () => {
    const fake = fakeAccount()
    const done: Array<string> = []
    const engine = fakeEngine(fake.images, done)
    const { plan, result, agent: after } = await deploy(fake, agent, { ...here('t1'), engine })
    expect(plan.steps.slice(2, 5).map(({ _tag }) => _tag)).toEqual(['BuildHere', 'CreateRepository', 'PushImage'])
    expect(done).toEqual(['build', 'push with secret'])
    expect(fake.changes).not.toContain('CreateBucket')
    expect(right(result).image).toMatch(/bedrock-agentcore-hello@sha256:/)
    expect(right(await planOf(fake, after, here('t2'))).steps).toEqual([])
    // Who built an image of the same source makes no difference.
    expect(right(await planOf(fake, after, built('t3'))).steps).toEqual([])
  })
})

describe('an image of the user', () => {
  const uri = '210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/agent:1'
  const given = { overrides: { env: [], image: image('none', { uri }) } }

  it('is run as it is, and the role may pull it', async () => {
    const fake = fakeAccount()
    const { plan, agent: after } = await deploy(fake, agent, given)
    expect(plan.steps.map(({ _tag }) => _tag)).toEqual([
      ...['CreateRole', 'WriteRolePolicy', 'CreateRuntime'],
      ...['AwaitRuntime', 'SecureMetadata', 'AwaitRuntime', 'AwaitEndpoint'],
    ])
    expect(JSON.stringify([...fake.contents.roles.values()])).toContain(
      'arn:aws:ecr:eu-west-1:210987654321:repository/team/agent',
    )
    expect(fake.images.repositories.size).toBe(0)
    expect(fake.contents.buckets.size).toBe(0)
    expect(right(await planOf(fake, after, given)).steps).toEqual([])
  })
})

describe('destroying a container', () => {
  const destroy = async (fake: ReturnType<typeof fakeAccount>, now: typeof agent): Promise<ReadonlyArray<string>> => {
    const settings = settingsOf(now)
    const removals = toRemovals(settings, right(await findRemains(fake.account, settings, now)()))
    const wait = { pause: noPause, signal: new AbortController().signal }
    right(await destroyAgent({ account: fake.account, wait, onRemoval: () => undefined })(removals)())
    return removals.map(({ _tag }) => _tag)
  }

  it('removes all that was made, the runtime first', async () => {
    const fake = fakeAccount()
    const { agent: after } = await deploy(fake, agent, built('t1'))
    expect(await destroy(fake, after)).toEqual([
      ...['RemoveRuntime', 'RemoveProject', 'RemoveBuildRole', 'RemoveLogGroup', 'RemoveRepository'],
      ...['RemoveCode', 'RemoveBucket', 'RemoveRole'],
    ])
    const { repositories, projects, logGroups } = fake.images
    const { runtimes, roles, buckets } = fake.contents
    expect([repositories, projects, logGroups, runtimes, roles, buckets].map(({ size }) => size)).toEqual([
      0, 0, 0, 0, 0, 0,
    ])
    const forgotten = changed(after, toForgotten('hello', settingsOf(after)))
    expect(forgotten.aws?.ecr_repository).toBeNull()
    expect(forgotten.codebuild).toEqual({ project_name: null, execution_role: null, source_bucket: null })
  })

  it('stops a build that is under way', async () => {
    const fake = fakeAccount()
    const breaking = new AbortController()
    const { agent: after } = await deploy(fake, agent, {
      ...built('t1'),
      signal: breaking.signal,
      onStep: (news) => (news._tag === 'Progress' && news.step._tag === 'BuildImage' ? breaking.abort() : undefined),
    })
    await destroy(fake, after)
    expect([...fake.images.builds.values()].map(({ buildStatus }) => buildStatus)).toEqual(['STOPPED'])
  })

  it('leaves what others made or the user gave', async () => {
    const fake = fakeAccount()
    fake.images.repositories.set(repository, { isOurs: false, images: [] })
    fake.images.projects.set(projectName('hello'), { isOurs: false })
    fake.images.logGroups.set('/aws/codebuild/bedrock-agentcore-hello-builder', { isOurs: false, lines: [] })
    const { agent: after } = await deploy(fake, agent, built('t1'))
    expect(await destroy(fake, after)).toEqual([
      ...['RemoveRuntime', 'RemoveBuildRole', 'RemoveCode', 'RemoveBucket', 'RemoveRole'],
    ])
    expect(fake.images.repositories.size).toBe(1)
    expect(fake.images.projects.size).toBe(1)
  })
})

describe('names of images', () => {
  const names = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,47}$/)

  it('are those that ECR and CodeBuild accept', () =>
    fc.assert(
      fc.property(names, (name) => {
        expect(repositoryName(name)).toMatch(/^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/)
        expect(projectName(name)).toMatch(/^[A-Za-z0-9][A-Za-z0-9\-_]{1,254}$/)
      }),
    ))

  it('tell the time in UTC, and the source', () => {
    expect(timeTag(Date.UTC(2026, 10, 27, 20, 11, 12, 7))).toBe('20261127-201112-007')
    expect(sourceTag('ab'.repeat(32))).toBe(`source-${'ab'.repeat(16)}`)
  })

  it('are known again below the prefix of an agent', () => {
    const key = `${codePrefix('hello', 'p')}${'a'.repeat(16)}/source.zip`
    expect(isCodeKey('hello', 'p', key)).toBe(true)
    expect(isCodeKey('hello', 'p', `${codePrefix('hello', 'p')}mine/source.zip`)).toBe(false)
  })
})
