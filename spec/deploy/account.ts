/** An account in memory, which behaves as AWS does as far as a deployment can tell. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { Account } from '../../lib/deploy/findExisting'
import type { ListedEndpoint } from '../../lib/deploy/aws/Endpoints'
import type { ExistingEndpoint } from '../../lib/deploy/plan/EndpointPlan'
import type { Pause } from '../../lib/deploy/aws/Waiting'
import { type DeployError, nameTaken } from '../../lib/deploy/failure/DeployError'
import { fakeImages, type ImageContents } from './images'
import type { ExistingRuntime, RuntimeReplacement, WantedRuntime } from '../../lib/deploy/plan/RuntimeRequest'

/** What is in the account. */
export interface Contents {
  readonly roles: Map<string, { readonly isOurs: boolean; policy: unknown }>
  readonly buckets: Map<string, { readonly isOurs: boolean; readonly objects: Map<string, number> }>
  readonly runtimes: Map<string, ExistingRuntime>
  /** Every version of each runtime. */
  readonly versions: Map<string, Map<string, ExistingRuntime>>
  /** The endpoints of each runtime but `DEFAULT`, and the versions that they serve. */
  readonly endpoints: Map<string, Map<string, string>>
}

/** What goes wrong: called before each operation. */
export type Trouble = (operation: string) => DeployError | undefined

export interface FakeAccount {
  readonly contents: Contents
  readonly account: Account
  /** The operations that changed something, in order. */
  readonly changes: Array<string>
  readonly images: ImageContents
}

/** Waiting takes no time. */
export const noPause: Pause = () => Promise.resolve()

const settled = (runtime: ExistingRuntime): ExistingRuntime => ({ ...runtime, status: 'READY' })

export const fakeAccount = (trouble: Trouble = () => undefined): FakeAccount => {
  const contents: Contents = {
    roles: new Map(),
    buckets: new Map(),
    runtimes: new Map(),
    versions: new Map(),
    endpoints: new Map(),
  }
  const changes: Array<string> = []
  const state = { next: 1 }

  const read =
    <A>(operation: string, look: () => A): TE.TaskEither<DeployError, A> =>
    () => {
      const error = trouble(operation)
      return Promise.resolve(error === undefined ? E.right(look()) : E.left(error))
    }
  const change = <A>(operation: string, act: () => A): TE.TaskEither<DeployError, A> =>
    read(operation, () => {
      changes.push(operation)
      return act()
    })

  const replace = (replacement: RuntimeReplacement): ExistingRuntime => {
    const id = replacement.agentRuntimeId ?? ''
    const before = contents.runtimes.get(id)
    const { clientToken: _, ...fields } = { clientToken: undefined, ...replacement }
    const answer = {
      ...fields,
      agentRuntimeArn: before?.agentRuntimeArn,
      agentRuntimeName: before?.agentRuntimeName,
      agentRuntimeVersion: String(Number(before?.agentRuntimeVersion) + 1),
      createdAt: new Date(0),
      lastUpdatedAt: new Date(0),
      status: 'UPDATING',
    }
    const after = answer as ExistingRuntime // what the service adds on its own is of no interest here
    contents.runtimes.set(id, after)
    contents.versions.get(id)?.set(answer.agentRuntimeVersion, after)
    return after
  }

  const make = (wanted: WantedRuntime): ExistingRuntime => {
    const id = `${wanted.agentRuntimeName ?? ''}-${String(state.next++).padStart(10, '0')}`
    const answer = {
      ...wanted,
      agentRuntimeId: id,
      agentRuntimeArn: `arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/${id}`,
      agentRuntimeVersion: '1',
      status: 'CREATING',
    }
    const made = answer as ExistingRuntime // as above
    contents.runtimes.set(id, made)
    contents.endpoints.set(id, new Map())
    contents.versions.set(id, new Map([['1', made]]))
    return made
  }

  const versionOf = ({ agentRuntimeId = '', agentRuntimeArn = '', agentRuntimeVersion = '' }: ExistingRuntime) => ({
    id: agentRuntimeId,
    arn: agentRuntimeArn,
    version: agentRuntimeVersion,
  })

  const images = fakeImages(read, change)
  const account: Account = {
    images: images.services,
    roles: {
      find: ({ role, policy }) =>
        read('GetRole', () => {
          const found = contents.roles.get(role)
          if (found === undefined) return { _tag: 'Missing' }
          return found.isOurs
            ? { _tag: 'Ours', hasPolicy: JSON.stringify(found.policy) === JSON.stringify(policy) }
            : { _tag: 'Others' }
        }),
      create: (role) => change('CreateRole', () => void contents.roles.set(role, { isOurs: true, policy: undefined })),
      createForService: () =>
        change(
          'CreateServiceLinkedRole',
          () =>
            void contents.roles.set('AWSServiceRoleForBedrockAgentCoreNetwork', { isOurs: false, policy: undefined }),
        ),
      writePolicy: ({ role, policy }) =>
        change('PutRolePolicy', () => {
          const found = contents.roles.get(role)
          if (found === undefined) throw new Error(`there is no role ${role}`)
          found.policy = policy
        }),
      remove: (role) => change('DeleteRole', () => void contents.roles.delete(role)),
    },
    buckets: {
      exists: (bucket) => read('HeadBucket', () => contents.buckets.has(bucket)),
      create: (bucket) =>
        change('CreateBucket', () => void contents.buckets.set(bucket, { isOurs: true, objects: new Map() })),
      isOurs: (bucket) => read('GetBucketTagging', () => contents.buckets.get(bucket)?.isOurs === true),
      remove: (bucket) => change('DeleteBucket', () => void contents.buckets.delete(bucket)),
      hasObject: ({ bucket, key }) => read('HeadObject', () => contents.buckets.get(bucket)?.objects.has(key) === true),
      upload: ({ bucket, key }, zip) =>
        change('PutObject', () => void contents.buckets.get(bucket)?.objects.set(key, zip.length)),
      keys: (bucket, prefix) =>
        read('ListObjectsV2', () =>
          [...(contents.buckets.get(bucket)?.objects.keys() ?? [])].filter((key) => key.startsWith(prefix)),
        ),
      removeObjects: (bucket, keys) =>
        change('DeleteObjects', () => keys.forEach((key) => contents.buckets.get(bucket)?.objects.delete(key))),
    },
    runtimes: {
      find: (id, version) =>
        read('GetAgentRuntime', () => {
          if (version !== undefined) return contents.versions.get(id)?.get(version)
          const found = contents.runtimes.get(id)
          // Each look finds it as it is, and the next one finds it done.
          if (found !== undefined && (found.status ?? '').endsWith('ING')) contents.runtimes.set(id, settled(found))
          return found
        }),
      findByName: (name) =>
        read(
          'ListAgentRuntimes',
          () => [...contents.runtimes.values()].find((found) => found.agentRuntimeName === name)?.agentRuntimeId,
        ),
      versions: (id) =>
        read('ListAgentRuntimeVersions', () => [...(contents.versions.get(id)?.keys() ?? [])].reverse()),
      create: (wanted) =>
        [...contents.runtimes.values()].some((found) => found.agentRuntimeName === wanted.agentRuntimeName)
          ? TE.left(nameTaken(wanted.agentRuntimeName ?? ''))
          : change('CreateAgentRuntime', () => versionOf(make(wanted))),
      update: (replacement) => change('UpdateAgentRuntime', () => versionOf(replace(replacement))),
      remove: (id) =>
        change('DeleteAgentRuntime', () => {
          contents.runtimes.delete(id)
          contents.endpoints.delete(id)
        }),
    },
    endpoints: {
      find: ({ runtime, endpoint }) =>
        read('GetAgentRuntimeEndpoint', () => {
          const newest = contents.runtimes.get(runtime)?.agentRuntimeVersion
          const version = endpoint === 'DEFAULT' ? newest : contents.endpoints.get(runtime)?.get(endpoint)
          if (version === undefined) return undefined
          const found = { name: endpoint, status: 'READY', liveVersion: version, targetVersion: version }
          return found as ExistingEndpoint // as above
        }),
      list: (runtime) =>
        read('ListAgentRuntimeEndpoints', () =>
          ['DEFAULT', ...(contents.endpoints.get(runtime)?.keys() ?? [])].map((name) => {
            const listed = { name, status: 'READY' }
            return listed as ListedEndpoint // as above
          }),
        ),
      create: ({ runtime, endpoint }, version) =>
        change('CreateAgentRuntimeEndpoint', () => void contents.endpoints.get(runtime)?.set(endpoint, version)),
      update: ({ runtime, endpoint }, version) =>
        change('UpdateAgentRuntimeEndpoint', () => void contents.endpoints.get(runtime)?.set(endpoint, version)),
      remove: ({ runtime, endpoint }) =>
        change('DeleteAgentRuntimeEndpoint', () => void contents.endpoints.get(runtime)?.delete(endpoint)),
    },
  }
  return { contents, account, changes, images: images.contents }
}
