/** Whatever stops a deployment, the next one finishes it, and destroying leaves nothing of ours and all that is of others. */
import * as fc from 'fast-check'
import type { AgentConfig } from '../../lib/config/Project'
import { destroyAgent, findRemains } from '../../lib/deploy/destroyAgent'
import type { DeployError } from '../../lib/deploy/failure/DeployError'
import { lift } from '../../lib/deploy/failure/ServiceFailure'
import { toRemovals } from '../../lib/deploy/plan/DestroyPlan'
import { bucketName } from '../../lib/deploy/resources/ResourceNames'
import { type FakeAccount, fakeAccount, noPause } from './account'
import { agentNamed, deploy, left, place, right, settingsOf } from './deploying'

const agent = agentNamed('hello')
const overrides = { env: [], endpoint: 'prod' }
const expired: DeployError = { _tag: 'CredentialsExpired', reason: 'The security token is expired' }

const destroy = async (fake: FakeAccount, now: AgentConfig): Promise<void> => {
  const settings = settingsOf(now)
  const removals = toRemovals(settings, right(await findRemains(fake.account, settings, now)()))
  const wait = { pause: noPause, signal: new AbortController().signal }
  right(await destroyAgent({ account: fake.account, wait, onRemoval: () => undefined })(removals)())
}

/** What others have in the account: a role, a bucket with our name's neighbour, a runtime, and a file beside our code. */
const withOthers = (fake: FakeAccount): (() => void) => {
  fake.contents.roles.set('Theirs', { isOurs: false, policy: 'p' })
  fake.contents.buckets.set('theirs', { isOurs: false, objects: new Map([['a', 1]]) })
  const before = JSON.stringify([
    fake.contents.roles.get('Theirs'),
    [...(fake.contents.buckets.get('theirs')?.objects ?? [])],
  ])
  return () => {
    const after = JSON.stringify([
      fake.contents.roles.get('Theirs'),
      [...(fake.contents.buckets.get('theirs')?.objects ?? [])],
    ])
    expect(after).toBe(before)
    expect([...fake.contents.roles.keys()]).toEqual(['Theirs'])
    expect([...fake.contents.buckets.keys()]).toEqual(['theirs'])
    expect(fake.contents.runtimes.size).toBe(0)
  }
}

describe('credentials that expire at any request', () => {
  it('leave a deployment that the next one finishes without making anything twice', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(24), fc.boolean(), async (at, isDestroyed) => {
        let count = 0
        let isValid = true
        const fake = fakeAccount(() => (isValid && count++ === at ? expired : undefined))
        const onlyTheirs = withOthers(fake)
        const planned = await deploy(fake, agent, { overrides }).catch(() => undefined)
        isValid = false // fresh credentials: nothing expires any more
        const now = planned?.agent ?? agent
        if (isDestroyed) {
          await destroy(fake, now)
          onlyTheirs()
          return
        }
        const { agent: after, result } = await deploy(fake, now, { overrides })
        right(result)
        const made = fake.changes.filter((operation) => operation.startsWith('Create'))
        expect([...new Set(made)]).toEqual(made)
        await destroy(fake, after)
        onlyTheirs()
      }),
    ))
})

describe('Ctrl-C at any step', () => {
  it('and then destroy leave nothing of ours, and all that is of others', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(10), async (at) => {
        const fake = fakeAccount()
        const onlyTheirs = withOthers(fake)
        const breaking = new AbortController()
        let begun = 0
        const { agent: now } = await deploy(fake, agent, {
          overrides,
          signal: breaking.signal,
          onStep: ({ _tag }) => {
            if (_tag === 'Begun' && begun++ === at) breaking.abort()
          },
        })
        await destroy(fake, now)
        onlyTheirs()
      }),
    ))
})

describe('a runtime that fails', () => {
  it('is updated by the next deployment, and removed by destroy', async () => {
    const fake = fakeAccount()
    const { find } = fake.account.runtimes
    let isBroken = true
    const broken: FakeAccount = {
      ...fake,
      account: {
        ...fake.account,
        runtimes: {
          ...fake.account.runtimes,
          find: (id, version) => async () => {
            const found = await find(id, version)()
            return !isBroken || found._tag === 'Left' || found.right === undefined
              ? found
              : { ...found, right: { ...found.right, status: 'CREATE_FAILED' as const, failureReason: 'x86' } }
          },
        },
      },
    }
    const first = await deploy(broken, agent)
    expect(left(first.result).error).toMatchObject({ _tag: 'RuntimeFailed', reason: 'x86' })
    isBroken = false
    const second = await deploy(broken, first.agent)
    expect(right(second.result).id).toBe(first.agent.bedrock_agentcore?.agent_id)
    await destroy(broken, second.agent)
    expect(fake.contents.runtimes.size).toBe(0)
    expect(fake.contents.buckets.has(bucketName(place))).toBe(false)
  })
})

describe('what the SDK throws', () => {
  const thrown = async (fields: object): Promise<DeployError> =>
    left(await lift('s3:PutObject')(() => Promise.reject(Object.assign(new Error('oh'), fields)))())

  it.each([
    [{ code: 'ECONNRESET' }, 'Unreachable'],
    [{ name: 'TimeoutError' }, 'Unreachable'],
    [{ name: 'ExpiredToken' }, 'CredentialsExpired'],
    [{ name: 'ExpiredTokenException' }, 'CredentialsExpired'],
    [{ name: 'CredentialsProviderError' }, 'NoCredentials'],
    [{ name: 'AccessDenied' }, 'AccessDenied'],
    [{ name: 'SlowDown' }, 'Throttled'],
    [{ name: 'NoSuchBucket' }, 'ServiceFailed'],
  ])('%j is %s', async (fields, tag) => {
    expect((await thrown(fields))._tag).toBe(tag)
  })
})
