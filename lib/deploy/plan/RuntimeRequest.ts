/** The runtime that settings ask for, and how an existing one becomes it without losing what they do not mention. */
import { isDeepStrictEqual } from 'node:util'
import type {
  AgentRuntimeArtifact,
  CreateAgentRuntimeRequest,
  GetAgentRuntimeResponse,
  UpdateAgentRuntimeRequest,
} from '@aws-sdk/client-bedrock-agentcore-control'
import type { CodeLocation } from '../resources/ResourceNames'
import type { DeploySettings } from './DeploySettings'
import { fieldsOf, withoutFields } from './ManagedFields'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a runtime runs: code in S3, or an image in a registry. */
export type Artifact =
  { readonly _tag: 'Code'; readonly code: CodeLocation } | { readonly _tag: 'Image'; readonly uri: string }

/** A runtime as it is. */
export type ExistingRuntime = GetAgentRuntimeResponse

/** A runtime as it shall be. */
export type WantedRuntime = Omit<CreateAgentRuntimeRequest, 'clientToken'>

/** The replacement of a runtime; its id is that of the existing one. */
export type RuntimeReplacement = Omit<UpdateAgentRuntimeRequest, 'clientToken'>

/** The only runtime of the service for JavaScript, and the program in the archive. */
export const codeRuntime = 'NODE_22'
const entryPoint = 'main.js'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The runtime that settings ask for. */
export const toWanted = (settings: DeploySettings, artifact: Artifact): WantedRuntime => ({
  agentRuntimeName: settings.agent,
  agentRuntimeArtifact: toArtifact(artifact),
  roleArn: settings.role.arn,
  networkConfiguration: settings.network,
  protocolConfiguration: { serverProtocol: settings.protocol },
  environmentVariables: { ...settings.environment },
  ...(settings.lifecycle === undefined ? {} : { lifecycleConfiguration: { ...settings.lifecycle } }),
  ...(settings.authorizer === undefined ? {} : { authorizerConfiguration: settings.authorizer }),
  ...(settings.headerAllowlist.length === 0
    ? {}
    : { requestHeaderConfiguration: { requestHeaderAllowlist: [...settings.headerAllowlist] } }),
})

const toArtifact = (artifact: Artifact): AgentRuntimeArtifact => {
  if (artifact._tag === 'Image') return { containerConfiguration: { containerUri: artifact.uri } }
  const { bucket, key } = artifact.code
  return {
    codeConfiguration: { code: { s3: { bucket, prefix: key } }, runtime: codeRuntime, entryPoint: [entryPoint] },
  }
}

/** A request that names its image by the content: no later push to the registry changes what a version runs. */
export const withImage =
  (uri: string | undefined) =>
  <A extends { readonly agentRuntimeArtifact?: AgentRuntimeArtifact | undefined }>(request: A): A =>
    uri === undefined ? request : { ...request, agentRuntimeArtifact: toArtifact({ _tag: 'Image', uri }) }

/** The fields that an update drops where it does not repeat them. */
const optionalFields = [
  ...(['description', 'authorizerConfiguration', 'requestHeaderConfiguration', 'protocolConfiguration'] as const),
  ...(['filesystemConfigurations', 'capacityProviderConfiguration', 'platformVersion'] as const),
]

/**
 * The replacement of a runtime by a wanted one. An update replaces all of it, so whatever the configuration does not
 * mention is repeated as it is, unless it is dropped; variables and seconds are merged one by one. Invocations of a runtime
 * without MMDSv2 are refused.
 */
export const toReplacement = (
  current: ExistingRuntime,
  wanted: WantedRuntime,
  dropped: ReadonlyArray<string> = [],
): RuntimeReplacement => {
  const existing = withoutFields(current, dropped)
  const { agentRuntimeName: _, tags: __, ...fields } = wanted
  const kept = Object.fromEntries(
    optionalFields.flatMap((name) => (isNothing(filled(existing[name])) ? [] : [[name, existing[name]]])),
  )
  const environmentVariables = { ...existing.environmentVariables, ...wanted.environmentVariables }
  const lifecycleConfiguration = { ...existing.lifecycleConfiguration, ...wanted.lifecycleConfiguration }
  return {
    ...kept,
    ...fields,
    agentRuntimeId: existing.agentRuntimeId,
    ...(isNothing(environmentVariables) ? {} : { environmentVariables }),
    ...(isNothing(lifecycleConfiguration) ? {} : { lifecycleConfiguration }),
    metadataConfiguration: { ...existing.metadataConfiguration, requireMMDSV2: true },
  }
}

/** The runtime as it is, with MMDSv2 required: what follows the creation, which cannot ask for it. */
export const toSecured = (existing: ExistingRuntime): RuntimeReplacement =>
  toReplacement(existing, {
    agentRuntimeName: existing.agentRuntimeName,
    agentRuntimeArtifact: existing.agentRuntimeArtifact,
    roleArn: existing.roleArn,
    networkConfiguration: existing.networkConfiguration,
  })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const compared = [
  ...(['agentRuntimeArtifact', 'roleArn', 'networkConfiguration', 'environmentVariables'] as const),
  ...(['lifecycleConfiguration', 'metadataConfiguration', ...optionalFields] as const),
]

/** What an update changes, by the names of the fields; empty if it changes nothing. */
export const toChanges = (existing: ExistingRuntime, replacement: RuntimeReplacement): ReadonlyArray<string> =>
  compared.filter((name) => !isDeepStrictEqual(plain(filled(existing[name])), plain(replacement[name])))

/** Fields of a runtime that the configuration does not mention, and that stay because they are not dropped. */
export const toKept = (
  existing: ExistingRuntime,
  wanted: WantedRuntime,
  dropped: ReadonlyArray<string> = [],
): ReadonlyArray<string> =>
  [
    ...(['authorizerConfiguration', 'requestHeaderConfiguration', 'filesystemConfigurations'] as const).filter(
      (name) => !isNothing(existing[name]) && isNothing(wanted[name]),
    ),
    ...Object.keys(existing.environmentVariables ?? {})
      .filter((name) => wanted.environmentVariables?.[name] === undefined)
      .map((name) => `environmentVariables.${name}`),
  ].filter((field) => !dropped.includes(field))

/** The dropped fields that a runtime has. */
export const toRemoved = (existing: ExistingRuntime, dropped: ReadonlyArray<string>): ReadonlyArray<string> => {
  const fields = fieldsOf(existing)
  return dropped.filter((field) => fields.includes(field))
}

/** A description that was never set is read as an empty one, which no request may have. */
const filled = (value: unknown): unknown => (value === '' ? undefined : value)

/** Whether a field says nothing: absent, or empty, as some answers of the service have it. */
const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (typeof value === 'object' && Object.values(value).every((inner) => inner === undefined))

/** A value without what says nothing, so that an answer and a request compare by what they say. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).flatMap(([name, inner]) => (isNothing(inner) ? [] : [[name, plain(inner)]]))
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}
