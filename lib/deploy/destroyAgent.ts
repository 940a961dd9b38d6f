/** Removes what deployments have made of an agent: found in the account rather than believed, and verified at the end. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../config/Project'
import { until, type WaitOptions } from './aws/Waiting'
import { type DeployError, interrupted } from './failure/DeployError'
import { findImageRemains } from './build/findImage'
import { type Account, findRuntime, imagePolicyOf, rolePolicyOf } from './findExisting'
import type { DeploySettings } from './plan/DeploySettings'
import type { Remains, Removal } from './plan/DestroyPlan'
import { codePrefix, defaultEndpoint, isCodeKey } from './resources/ResourceNames'

/** Looks for what is there of an agent. A runtime that merely has its name is not ours. */
export const findRemains = (
  { runtimes, endpoints, buckets, roles, images }: Account,
  settings: DeploySettings,
  agent: AgentConfig,
): TE.TaskEither<DeployError, Remains> => {
  const { bucket, prefix, from } = settings.bucket
  return pipe(
    TE.Do,
    TE.bind('found', () => findRuntime(runtimes, agent)),
    TE.let('runtime', ({ found }) => (found.isKnown ? found.runtime?.agentRuntimeId : undefined)),
    TE.bind('named', ({ runtime }) => (runtime === undefined ? TE.right([]) : endpoints.list(runtime))),
    TE.bind('hasBucket', () => buckets.exists(bucket)),
    TE.bind('keys', ({ hasBucket }) =>
      hasBucket ? buckets.keys(bucket, codePrefix(agent.name, prefix)) : TE.right([]),
    ),
    TE.let('ours', ({ keys }) => keys.filter((key) => isCodeKey(agent.name, prefix, key))),
    TE.bind('isBucketFree', ({ hasBucket, ours }) =>
      hasBucket && from === 'ours' ? isFree(buckets, bucket, ours) : TE.right(false),
    ),
    TE.bind('role', () => (settings.role.from === 'ours' ? roles.find(rolePolicyOf(settings)) : TE.right(undefined))),
    TE.bind('image', () =>
      settings.image?._tag === 'Built'
        ? findImageRemains(images, roles, settings.image, imagePolicyOf(settings, settings.image))
        : TE.right(undefined),
    ),
    TE.map(({ runtime, named, ours, isBucketFree, role, image }) => ({
      image,
      runtime,
      endpoints: named.flatMap(({ name }) => (name === undefined || name === defaultEndpoint ? [] : [name])),
      keys: ours,
      isBucketFree,
      hasRole: role?._tag === 'Ours',
    })),
  )
}

/** Whether a bucket has our tag, and nothing but these keys: agents of one account share it. */
const isFree = (
  buckets: Account['buckets'],
  bucket: string,
  keys: ReadonlyArray<string>,
): TE.TaskEither<DeployError, boolean> =>
  pipe(
    buckets.isOurs(bucket),
    TE.chain((isOurs) =>
      isOurs
        ? pipe(
            buckets.keys(bucket, ''),
            TE.map((all) => all.length === keys.length),
          )
        : TE.right(false),
    ),
  )

/** What removals are run with. */
export interface DestroyWith {
  readonly account: Account
  readonly wait: WaitOptions
  readonly onRemoval: (removal: Removal, isDone: boolean) => void
}

/** A destruction that stopped: the next one goes on, since what is gone already is no failure. */
export interface DestroyStopped {
  readonly error: DeployError
  readonly done: ReadonlyArray<Removal>
  readonly pending: ReadonlyArray<Removal>
}

/** Runs removals, one after the other. */
export const destroyAgent =
  ({ account, wait, onRemoval }: DestroyWith) =>
  (removals: ReadonlyArray<Removal>): TE.TaskEither<DestroyStopped, ReadonlyArray<Removal>> =>
  async () => {
    const done: Array<Removal> = []
    for (const removal of removals) {
      const pending = removals.slice(done.length)
      if (wait.signal.aborted) return E.left({ error: interrupted, done, pending })
      onRemoval(removal, false)
      const result = await remove(account, wait)(removal)()
      if (E.isLeft(result)) return E.left({ error: result.left, done, pending })
      done.push(removal)
      onRemoval(removal, true)
    }
    return E.right(done)
  }

const remove =
  ({ runtimes, endpoints, buckets, roles, images }: Account, wait: WaitOptions) =>
  (removal: Removal): TE.TaskEither<DeployError, void> => {
    switch (removal._tag) {
      case 'RemoveEndpoint':
        return pipe(
          endpoints.remove(removal),
          TE.chain(() => whenGone(wait, `The endpoint ${removal.endpoint}`, endpoints.find(removal))),
        )
      case 'RemoveRuntime':
        return pipe(
          runtimes.remove(removal.runtime),
          TE.chain(() => whenGone(wait, 'The agent runtime', runtimes.find(removal.runtime))),
        )
      case 'RemoveCode':
        return buckets.removeObjects(removal.bucket, removal.keys)
      case 'RemoveBucket':
        return buckets.remove(removal.bucket)
      case 'RemoveRole':
      case 'RemoveBuildRole':
        return roles.remove(removal.role)
      case 'RemoveProject':
        return removeProject(images, removal.project)
      case 'RemoveLogGroup':
        return images.logGroups.remove(removal.logGroup)
      case 'RemoveRepository':
        return images.repositories.remove(removal.repository)
    }
  }

/** A project goes with its builds: one under way would write a log and push an image after all else is gone. */
const removeProject = ({ builds }: Account['images'], project: string): TE.TaskEither<DeployError, void> =>
  pipe(
    builds.running(project),
    TE.chain((ids) => TE.traverseSeqArray(builds.stop)(ids)),
    TE.chain(() => builds.removeProject(project)),
  )

/** Deleting takes a while: only what can no longer be found is gone. */
const whenGone = (
  wait: WaitOptions,
  what: string,
  find: TE.TaskEither<DeployError, { readonly status?: string | undefined } | undefined>,
): TE.TaskEither<DeployError, void> =>
  pipe(
    find,
    TE.map((found) =>
      found === undefined
        ? { _tag: 'Ready' as const, value: undefined }
        : { _tag: 'Waiting' as const, status: found.status ?? '' },
    ),
    until(wait, what, 300),
  )
