/** What a deployment is to make, read from the configuration of an agent and the account it goes to. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { AuthorizerConfiguration, NetworkConfiguration } from '@aws-sdk/client-bedrock-agentcore-control'
import { type AgentConfig, isSet, toDeploymentType, toHeaderAllowlist } from '../../config/Project'
import { type DeployError, invalidSettings, wrongAccount } from '../failure/DeployError'
import { type ImageOverrides, type ImageSetting, toImage } from '../image/ImageSettings'
import type { Provenance, RoleSetting } from '../resources/Provenance'
import { bucketName, defaultEndpoint, type Place, roleArn, roleName } from '../resources/ResourceNames'
import { type RecordedFields, toRecorded } from './ManagedFields'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Where the code is kept. */
export interface BucketSetting {
  readonly from: Provenance
  readonly bucket: string
  /** Without slashes at its ends; empty for none. */
  readonly prefix: string
}

/** The seconds that are configured; the service has defaults for the others. */
export interface LifecycleSetting {
  readonly idleRuntimeSessionTimeout?: number
  readonly maxLifetime?: number
}

/** The settings of a deployment. */
export interface DeploySettings {
  readonly agent: string
  readonly place: Place
  readonly role: RoleSetting
  readonly bucket: BucketSetting
  readonly protocol: 'HTTP' | 'MCP' | 'A2A' | 'AGUI'
  readonly network: NetworkConfiguration
  readonly lifecycle: LifecycleSetting | undefined
  readonly authorizer: AuthorizerConfiguration | undefined
  readonly headerAllowlist: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  /** Undefined for code that runs without an image. */
  readonly image: ImageSetting | undefined
  /** What becomes of the fields that earlier deployments have set. */
  readonly recorded: RecordedFields
  /** The endpoint that is to serve the deployment. `DEFAULT` always serves the newest version. */
  readonly endpoint: string
}

/** What the command line adds. */
export interface DeployOverrides {
  readonly executionRole?: string | undefined
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  readonly image?: ImageOverrides
  /** Variables to remove from the runtime. */
  readonly unsetEnv?: ReadonlyArray<string>
  /** Default: `DEFAULT`. */
  readonly endpoint?: string | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The settings of an agent. Left: what of its configuration cannot be deployed. */
export const toSettings =
  (place: Place, overrides: DeployOverrides) =>
  (agent: AgentConfig): E.Either<DeployError, DeploySettings> => {
    const { account } = agent.aws ?? {}
    if (isFilled(account) && account !== place.account) return E.left(wrongAccount(account, place.account))
    const [, , , deployedIn] = (agent.bedrock_agentcore?.agent_arn ?? '').split(':')
    if (isFilled(deployedIn) && deployedIn !== place.region) {
      const next = 'use that region; for one more, configure an agent of another name'
      return E.left(invalidSettings('--region', `the agent is deployed in ${deployedIn}, not in ${place.region}`, next))
    }
    return pipe(
      E.Do,
      E.bind('network', () => toNetwork(agent)),
      E.bind('bucket', () => toBucket(agent, place)),
      E.bind('environment', () => toEnvironment(agent, overrides)),
      E.bind('image', () => toImageSetting(agent, place, overrides)),
      E.map((found) => ({
        ...found,
        agent: agent.name,
        place,
        role: toRole(agent, place, overrides.executionRole),
        protocol: agent.aws?.protocol_configuration?.server_protocol ?? 'HTTP',
        lifecycle: toLifecycle(agent),
        // `agentcore configure` has checked its form, and the service checks it again.
        authorizer: (agent.authorizer_configuration ?? undefined) as AuthorizerConfiguration | undefined,
        headerAllowlist: toHeaderAllowlist(agent),
        endpoint: overrides.endpoint ?? defaultEndpoint,
      })),
      E.map((found) => ({
        ...found,
        recorded: toRecorded(agent.bedrock_agentcore?.managed_fields ?? [], found, {
          hasVariables: overrides.env.length > 0,
          unset: overrides.unsetEnv ?? [],
        }),
      })),
    )
  }

const isFilled = (text: string | null | undefined): text is string => isSet(text) && text !== ''

const toRole = (agent: AgentConfig, place: Place, override: string | undefined): RoleSetting => {
  const name = roleName(agent.name, place.region)
  const ours = roleArn(place, name)
  const { execution_role: configured } = agent.aws ?? {}
  const arn = override ?? (isFilled(configured) ? configured : ours)
  return { from: arn === ours ? 'ours' : 'yours', arn, name: arn.replace(/^.*\//, '') }
}

const toBucket = (agent: AgentConfig, place: Place): E.Either<DeployError, BucketSetting> => {
  const ours = bucketName(place)
  const { s3_path: path } = agent.aws ?? {}
  const [bucket = '', ...rest] = (isFilled(path) ? path : ours).replace(/^s3:\/\//, '').split('/')
  const prefix = rest.filter((part) => part !== '').join('/')
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)
    ? E.right({ from: bucket === ours ? 'ours' : 'yours', bucket, prefix })
    : E.left(
        invalidSettings('aws.s3_path', `${JSON.stringify(path)} is no bucket`, 'use s3://bucket/prefix, or remove it'),
      )
}

const toNetwork = ({ aws }: AgentConfig): E.Either<DeployError, NetworkConfiguration> => {
  const { network_mode: mode, network_mode_config: config } = aws?.network_configuration ?? {}
  if (mode !== 'VPC') return E.right({ networkMode: 'PUBLIC' })
  const [subnets, securityGroups] = [[...(config?.subnets ?? [])], [...(config?.security_groups ?? [])]]
  return subnets.length > 0 && securityGroups.length > 0
    ? E.right({ networkMode: 'VPC', networkModeConfig: { subnets, securityGroups } })
    : E.left(
        invalidSettings(
          'aws.network_configuration',
          'VPC needs subnets and security groups',
          'run agentcore configure with --vpc --subnets … --security-groups …',
        ),
      )
}

/** Without a word of the command line it is what CodeBuild builds. */
const toImageSetting = (
  agent: AgentConfig,
  place: Place,
  { image = { builder: 'CodeBuild', tag: { name: 'none', isChosen: false } } }: DeployOverrides,
): E.Either<DeployError, ImageSetting | undefined> =>
  toDeploymentType(agent) === 'container' ? toImage(agent, place, image) : E.right(undefined)

const toLifecycle = ({ aws }: AgentConfig): LifecycleSetting | undefined => {
  const { idle_runtime_session_timeout: idle, max_lifetime: max } = aws?.lifecycle_configuration ?? {}
  if (!isSet(idle) && !isSet(max)) return undefined
  return {
    ...(isSet(idle) ? { idleRuntimeSessionTimeout: idle } : {}),
    ...(isSet(max) ? { maxLifetime: max } : {}),
  }
}

/** As many variables as a runtime may have. */
const mostVariables = 50

const toEnvironment = (
  { memory }: AgentConfig,
  { env }: DeployOverrides,
): E.Either<DeployError, Readonly<Record<string, string>>> => {
  const environment = {
    // Code that listens on this machine alone is not reached by the service.
    HOST: '0.0.0.0',
    ...(isFilled(memory?.memory_id) ? { BEDROCK_AGENTCORE_MEMORY_ID: memory.memory_id } : {}),
    ...(isFilled(memory?.memory_name) ? { BEDROCK_AGENTCORE_MEMORY_NAME: memory.memory_name } : {}),
    ...Object.fromEntries(env),
  }
  const count = Object.keys(environment).length
  return count > mostVariables
    ? E.left(
        invalidSettings(
          '--env',
          `${count} variables, and AgentCore takes ${mostVariables}`,
          'keep some in AWS Secrets Manager or Parameter Store',
        ),
      )
    : E.right(environment)
}
