/** Looks at the account: what of a deployment exists already. Changes nothing. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../config/Project'
import type { Buckets } from './aws/Buckets'
import type { Endpoints } from './aws/Endpoints'
import type { RolePolicy, Roles } from './aws/Roles'
import type { Runtimes } from './aws/Runtimes'
import { type DeployError, invalidSettings } from './failure/DeployError'
import { buildPolicyOf, findImage } from './build/findImage'
import type { ImageServices } from './build/ImageServices'
import type { ExistingImage } from './image/ImagePlan'
import { type BuiltImage, pulledFrom } from './image/ImageSettings'
import { type CodeDigest, toCode, toImageSource } from './plan/ContentPlan'
import type { Existing } from './plan/DeployPlan'
import type { DeploySettings } from './plan/DeploySettings'
import type { ExistingEndpoint } from './plan/EndpointPlan'
import { executionPolicy } from './resources/ExecutionRole'
import type { RoleState } from './resources/Provenance'
import { codePrefix, defaultEndpoint, networkRole, policyName } from './resources/ResourceNames'
import type { ExistingRuntime } from './plan/RuntimeRequest'

/** An account of AWS: all that a deployment does there. */
export interface Account {
  readonly buckets: Buckets
  readonly endpoints: Endpoints
  readonly roles: Roles
  readonly runtimes: Runtimes
  readonly images: ImageServices
}

/** The inline policy of the role of an agent. */
export const rolePolicyOf = ({ agent, place, protocol, role, image }: DeploySettings): RolePolicy => ({
  role: role.name,
  name: policyName(agent),
  policy: executionPolicy(place, { agent, protocol, repository: pulledFrom(image) }),
})

/** What exists of a deployment. */
export const findExisting = (
  { buckets, endpoints, roles, runtimes, images }: Account,
  settings: DeploySettings,
  digest: CodeDigest,
  agent: AgentConfig,
): TE.TaskEither<DeployError, Existing> =>
  pipe(
    TE.Do,
    TE.bind('role', () => findRole(roles, settings)),
    TE.bind('hasNetworkRole', () => findNetworkRole(roles, settings)),
    TE.bind('hasBucket', () => (needsBucket(settings) ? findBucket(buckets, settings) : TE.right(false))),
    TE.bind('hasCode', ({ hasBucket }) => (hasBucket ? buckets.hasObject(toCode(settings, digest)) : TE.right(false))),
    TE.bind('image', () => findBuiltImage(images, roles, settings, digest)),
    TE.bind('found', () => findRuntime(runtimes, agent)),
    TE.bind('endpoint', ({ found: { runtime } }) => findEndpoint(endpoints, settings.endpoint, runtime)),
    TE.map(({ found, ...others }) => ({ ...others, ...found })),
  )

/** An image that is built on this machine, or is there already, needs no bucket. */
const needsBucket = ({ image }: DeploySettings): boolean =>
  image === undefined || (image._tag === 'Built' && image.builder === 'CodeBuild')

const findBuiltImage = (
  images: ImageServices,
  roles: Roles,
  settings: DeploySettings,
  archive: CodeDigest,
): TE.TaskEither<DeployError, ExistingImage | undefined> => {
  const { image } = settings
  return image?._tag === 'Built'
    ? findImage(images, roles, image, imagePolicyOf(settings, image), toImageSource(settings, archive))
    : TE.right(undefined)
}

/** The inline policy of the role that builds the image of an agent. */
export const imagePolicyOf = (
  { agent, place, bucket: { bucket, prefix } }: DeploySettings,
  image: BuiltImage,
): RolePolicy => buildPolicyOf(image, place, { bucket, prefix: codePrefix(agent, prefix) })
const findNetworkRole = (roles: Roles, { network }: DeploySettings): TE.TaskEither<DeployError, boolean> =>
  network.networkMode === 'VPC'
    ? pipe(
        roles.find({ role: networkRole.name, name: '', policy: { Version: '2012-10-17', Statement: [] } }),
        TE.map(({ _tag }) => _tag !== 'Missing'),
      )
    : TE.right(true)

/** The named endpoint of a runtime; undefined for `DEFAULT`, which is not planned for. */
export const findEndpoint = (
  endpoints: Endpoints,
  endpoint: string,
  runtime: ExistingRuntime | undefined,
): TE.TaskEither<DeployError, ExistingEndpoint | undefined> =>
  endpoint === defaultEndpoint || runtime === undefined
    ? TE.right(undefined)
    : endpoints.find({ runtime: runtime.agentRuntimeId ?? '', endpoint })

const findRole = (roles: Roles, settings: DeploySettings): TE.TaskEither<DeployError, RoleState | undefined> =>
  settings.role.from === 'ours' ? roles.find(rolePolicyOf(settings)) : TE.right(undefined)

const findBucket = (
  buckets: Buckets,
  { bucket: { bucket, from } }: DeploySettings,
): TE.TaskEither<DeployError, boolean> =>
  pipe(
    buckets.exists(bucket),
    TE.filterOrElse(
      (exists) => exists || from === 'ours',
      () => invalidSettings('aws.s3_path', `there is no bucket ${bucket}`, 'create it, or remove the field'),
    ),
  )

type FoundRuntime = Pick<Existing, 'runtime' | 'isKnown'>

/** The runtime that the configuration names, else the one with the name of the agent. One being deleted is none. */
export const findRuntime = (
  runtimes: Runtimes,
  { name, bedrock_agentcore: ids }: AgentConfig,
): TE.TaskEither<DeployError, FoundRuntime> => {
  const id = ids?.agent_id ?? ''
  const usable = (runtime: ExistingRuntime | undefined): ExistingRuntime | undefined =>
    runtime?.status === 'DELETING' ? undefined : runtime
  return pipe(
    id === '' ? TE.right(undefined) : runtimes.find(id),
    TE.map(usable),
    TE.chain((known): TE.TaskEither<DeployError, FoundRuntime> =>
      known !== undefined
        ? TE.right({ runtime: known, isKnown: true })
        : pipe(
            runtimes.findByName(name),
            TE.chain((other) => (other === undefined ? TE.right(undefined) : runtimes.find(other))),
            TE.map((runtime) => ({ runtime: usable(runtime), isKnown: false })),
          ),
    ),
  )
}
