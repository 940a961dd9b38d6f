/** What a deployment will do: a list of steps, computed from the settings and from what exists. Nothing runs here. */
import * as E from 'fp-ts/Either'
import { type DeployError, nameTaken } from '../failure/DeployError'
import { imageStepText } from '../image/ImagePlan'
import { type CodeDigest, type ContentStep, type ExistingContent, toContent } from './ContentPlan'
import type { DeploySettings } from './DeploySettings'
import type { RoleState } from '../resources/Provenance'
import {
  type Artifact,
  type ExistingRuntime,
  type RuntimeReplacement,
  toChanges,
  toKept,
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
}

/** A step. */
export type Step =
  | { readonly _tag: 'CreateRole'; readonly role: string }
  | { readonly _tag: 'WriteRolePolicy'; readonly role: string }
  | ContentStep
  | { readonly _tag: 'CreateRuntime'; readonly runtime: WantedRuntime }
  | { readonly _tag: 'UpdateRuntime'; readonly runtime: RuntimeReplacement; readonly changes: ReadonlyArray<string> }
  /** The runtime of the agent's name is written down as that of this project. */
  | { readonly _tag: 'RecordRuntime'; readonly id: string; readonly arn: string }
  | { readonly _tag: 'AwaitRuntime' }
  /** Demands MMDSv2, which a creation cannot ask for. */
  | { readonly _tag: 'SecureMetadata' }
  | { readonly _tag: 'AwaitEndpoint' }

/** The plan. */
export interface DeployPlan {
  readonly settings: DeploySettings
  readonly artifact: Artifact
  readonly steps: ReadonlyArray<Step>
  /** Fields of the runtime that the configuration does not mention, and that stay as they are. */
  readonly kept: ReadonlyArray<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** How a deployment takes a runtime that this project does not know. */
export interface PlanOptions {
  readonly updatesOnConflict: boolean
}

/** The plan. Left: `NameTaken`, `ImageTagTaken`. */
export const toPlan =
  ({ updatesOnConflict }: PlanOptions) =>
  (settings: DeploySettings, digest: CodeDigest, existing: Existing): E.Either<DeployError, DeployPlan> => {
    const { runtime, isKnown } = existing
    if (runtime !== undefined && !isKnown && !updatesOnConflict)
      return E.left(nameTaken(settings.agent, runtime.agentRuntimeId))
    const content = toContent(settings, digest, existing)
    if (E.isLeft(content)) return content
    const { artifact } = content.right
    const wanted = toWanted(settings, artifact)
    return E.right({
      settings,
      artifact,
      kept: runtime === undefined ? [] : toKept(runtime, wanted),
      steps: [
        ...roleSteps(settings, existing),
        ...content.right.steps,
        ...(runtime === undefined ? creation(wanted) : update(runtime, wanted, isKnown)),
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

const creation = (runtime: WantedRuntime): ReadonlyArray<Step> => [
  { _tag: 'CreateRuntime', runtime },
  { _tag: 'AwaitRuntime' },
  { _tag: 'SecureMetadata' },
  { _tag: 'AwaitRuntime' },
  { _tag: 'AwaitEndpoint' },
]

const update = (existing: ExistingRuntime, wanted: WantedRuntime, isKnown: boolean): ReadonlyArray<Step> => {
  const runtime = toReplacement(existing, wanted)
  const changes = toChanges(existing, runtime)
  const { agentRuntimeId: id = '', agentRuntimeArn: arn = '', status } = existing
  const recorded: ReadonlyArray<Step> = isKnown ? [] : [{ _tag: 'RecordRuntime', id, arn }]
  // The service refuses to update a runtime that it is still making.
  const settled: ReadonlyArray<Step> = status === 'CREATING' || status === 'UPDATING' ? [{ _tag: 'AwaitRuntime' }] : []
  if (changes.length === 0 && !hasFailed(status)) {
    return [...recorded, ...settled, ...(settled.length > 0 ? [{ _tag: 'AwaitEndpoint' as const }] : [])]
  }
  return [
    ...recorded,
    ...settled,
    { _tag: 'UpdateRuntime', runtime, changes },
    { _tag: 'AwaitRuntime' },
    { _tag: 'AwaitEndpoint' },
  ]
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
    case 'RecordRuntime':
      return `take over the agent runtime ${step.id}`
    case 'AwaitRuntime':
      return 'wait until the agent runtime is ready'
    case 'SecureMetadata':
      return 'demand MMDSv2 of the agent runtime'
    case 'AwaitEndpoint':
      return 'wait until the endpoint DEFAULT is ready'
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
