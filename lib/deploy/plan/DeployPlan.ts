/** What a deployment will do: a list of steps, computed from the settings and from what exists. Nothing runs here. */
import * as E from 'fp-ts/Either'
import { type DeployError, nameTaken } from '../failure/DeployError'
import { imageStepText } from '../image/ImagePlan'
import { type CodeDigest, type ContentStep, type ExistingContent, toContent } from './ContentPlan'
import type { DeploySettings } from './DeploySettings'
import { endpointWords, type EndpointStep, type ExistingEndpoint, pointSteps } from './EndpointPlan'
import type { RoleState } from '../resources/Provenance'
import { defaultEndpoint, networkRole } from '../resources/ResourceNames'
import {
  type Artifact,
  type ExistingRuntime,
  type RuntimeReplacement,
  toChanges,
  toKept,
  toRemoved,
  toReplacement,
  toWanted,
  type WantedRuntime,
} from './RuntimeRequest'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What exists in the account. */
export interface Existing extends ExistingContent {
  /** Undefined for a role that the user gives. */
  readonly role: RoleState | undefined
  /** The runtime that this project deployed before, or that has the name of the agent. */
  readonly runtime: ExistingRuntime | undefined
  /** Whether the project knows the runtime, or its name alone is the same. */
  readonly isKnown: boolean
  /** Whether the account has the role for VPCs, or the agent needs none. */
  readonly hasNetworkRole: boolean
  /** The named endpoint that is to serve the deployment. */
  readonly endpoint: ExistingEndpoint | undefined
}

/** A step. */
export type Step =
  | { readonly _tag: 'CreateRole'; readonly role: string }
  | { readonly _tag: 'WriteRolePolicy'; readonly role: string }
  /** The role of the account by which AgentCore reaches into VPCs. */
  | { readonly _tag: 'CreateNetworkRole' }
  | ContentStep
  | { readonly _tag: 'CreateRuntime'; readonly runtime: WantedRuntime }
  | { readonly _tag: 'UpdateRuntime'; readonly runtime: RuntimeReplacement; readonly changes: ReadonlyArray<string> }
  /** The runtime of the agent's name is written down as that of this project. */
  | { readonly _tag: 'RecordRuntime'; readonly id: string; readonly arn: string }
  | { readonly _tag: 'AwaitRuntime' }
  /** Demands MMDSv2, which a creation cannot ask for. */
  | { readonly _tag: 'SecureMetadata' }
  /** An earlier version becomes the newest one again. */
  | {
      readonly _tag: 'RestoreVersion'
      readonly runtime: RuntimeReplacement
      readonly version: string
      readonly changes: ReadonlyArray<string>
    }
  | EndpointStep

/** The plan. */
export interface DeployPlan {
  readonly settings: DeploySettings
  readonly artifact: Artifact
  readonly steps: ReadonlyArray<Step>
  /** Fields of the runtime that the configuration does not mention, and that stay as they are. */
  readonly kept: ReadonlyArray<string>
  /** Fields that earlier deployments have set and the configuration has no longer, and that are removed. */
  readonly removed: ReadonlyArray<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** How a deployment treats a runtime that this project has not deployed. */
export interface PlanOptions {
  /** Whether it takes over a runtime that has the name of the agent. */
  readonly updatesOnConflict: boolean
  /** Whether the runtime is adopted: known by its ARN, and to be recorded. */
  readonly adopts?: boolean
}

/** The plan. Left: `NameTaken`, `ImageTagTaken`. */
export const toPlan =
  ({ updatesOnConflict, adopts = false }: PlanOptions) =>
  (settings: DeploySettings, digest: CodeDigest, existing: Existing): E.Either<DeployError, DeployPlan> => {
    const { runtime, isKnown } = existing
    const { dropped } = settings.recorded
    if (runtime !== undefined && !isKnown && !updatesOnConflict)
      return E.left(nameTaken(settings.agent, runtime.agentRuntimeId))
    const content = toContent(settings, digest, existing)
    if (E.isLeft(content)) return content
    const { artifact } = content.right
    const wanted = toWanted(settings, artifact)
    const steps =
      runtime === undefined ? creation(wanted) : update(runtime, wanted, dropped, { isRecorded: isKnown && !adopts })
    const isNewVersion = steps.some(({ _tag }) => _tag === 'CreateRuntime' || _tag === 'UpdateRuntime')
    const version = isNewVersion ? undefined : runtime?.agentRuntimeVersion
    return E.right({
      settings,
      artifact,
      kept: runtime === undefined ? [] : toKept(runtime, wanted, dropped),
      removed: runtime === undefined ? [] : toRemoved(runtime, dropped),
      steps: [
        ...roleSteps(settings, existing),
        ...(existing.hasNetworkRole ? [] : [{ _tag: 'CreateNetworkRole' as const }]),
        ...content.right.steps,
        ...steps,
        ...pointSteps({ endpoint: settings.endpoint, version }, existing.endpoint),
      ],
    })
  }

const roleSteps = ({ role: { name } }: DeploySettings, { role }: Existing): ReadonlyArray<Step> => {
  if (role === undefined || role._tag === 'Others') return []
  if (role._tag === 'Ours') return role.hasPolicy ? [] : [{ _tag: 'WriteRolePolicy', role: name }]
  return [
    { _tag: 'CreateRole', role: name },
    { _tag: 'WriteRolePolicy', role: name },
  ]
}

const awaitDefault: Step = { _tag: 'AwaitEndpoint', endpoint: defaultEndpoint, version: undefined }

const creation = (runtime: WantedRuntime): ReadonlyArray<Step> => [
  { _tag: 'CreateRuntime', runtime },
  { _tag: 'AwaitRuntime' },
  { _tag: 'SecureMetadata' },
  { _tag: 'AwaitRuntime' },
  awaitDefault,
]

const update = (
  existing: ExistingRuntime,
  wanted: WantedRuntime,
  dropped: ReadonlyArray<string>,
  { isRecorded }: { readonly isRecorded: boolean },
): ReadonlyArray<Step> => {
  const runtime = toReplacement(existing, wanted, dropped)
  const changes = toChanges(existing, runtime)
  const { agentRuntimeId: id = '', agentRuntimeArn: arn = '', status } = existing
  const recorded: ReadonlyArray<Step> = isRecorded ? [] : [{ _tag: 'RecordRuntime', id, arn }]
  // The service refuses to update a runtime that it is still making.
  const settled: ReadonlyArray<Step> = status === 'CREATING' || status === 'UPDATING' ? [{ _tag: 'AwaitRuntime' }] : []
  if (changes.length === 0 && !hasFailed(status)) {
    return [...recorded, ...settled, ...(settled.length > 0 ? [awaitDefault] : [])]
  }
  return [...recorded, ...settled, { _tag: 'UpdateRuntime', runtime, changes }, { _tag: 'AwaitRuntime' }, awaitDefault]
}

const hasFailed = (status: string | undefined): boolean => status === 'UPDATE_FAILED' || status === 'CREATE_FAILED'

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a step makes or changes anything; the others wait, or write down what is there. */
export const isChange = ({ _tag }: Step): boolean =>
  _tag !== 'AwaitRuntime' && _tag !== 'AwaitEndpoint' && _tag !== 'RecordRuntime'

/** A step in words, as a plan lists it. */
export const toWords = (step: Step): string => {
  switch (step._tag) {
    case 'CreateRole':
      return `create the execution role ${step.role}`
    case 'CreateNetworkRole':
      return `create the service-linked role ${networkRole.name}, by which AgentCore reaches into VPCs`
    case 'WriteRolePolicy':
      return `write the policy of the role ${step.role}`
    case 'CreateBucket':
      return `create the bucket ${step.bucket}`
    case 'UploadCode':
      return `upload the code (${sizeText(step.bytes)}) to s3://${step.code.bucket}/${step.code.key}`
    case 'CreateRepository':
    case 'CreateBuildRole':
    case 'WriteBuildPolicy':
    case 'CreateLogGroup':
    case 'CreateProject':
    case 'BuildImage':
    case 'BuildHere':
    case 'PushImage':
    case 'TagImage':
      return imageStepText(step)
    case 'CreateRuntime':
      return `create the agent runtime ${step.runtime.agentRuntimeName ?? ''}`
    case 'UpdateRuntime':
      return `update the agent runtime ${step.runtime.agentRuntimeId ?? ''}${step.changes.length === 0 ? ' again, because the last update failed' : `: ${step.changes.map(fieldText).join(', ')}`}`
    case 'RestoreVersion':
      return `restore version ${step.version} of the agent runtime ${step.runtime.agentRuntimeId ?? ''} as a new version: ${step.changes.map(fieldText).join(', ')}`
    case 'RecordRuntime':
      return `take over the agent runtime ${step.id}`
    case 'AwaitRuntime':
      return 'wait until the agent runtime is ready'
    case 'SecureMetadata':
      return 'require MMDSv2 for the agent runtime'
    case 'PointEndpoint':
    case 'AwaitEndpoint':
      return endpointWords(step)
  }
}

const sizeText = (bytes: number): string =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`

const fieldTexts: Readonly<Record<string, string>> = {
  agentRuntimeArtifact: 'code',
  roleArn: 'execution role',
  networkConfiguration: 'network',
  environmentVariables: 'environment',
  lifecycleConfiguration: 'lifecycle',
  metadataConfiguration: 'MMDSv2',
  authorizerConfiguration: 'authorizer',
  requestHeaderConfiguration: 'header allow-list',
  protocolConfiguration: 'protocol',
}

const fieldText = (name: string): string => fieldTexts[name] ?? name
