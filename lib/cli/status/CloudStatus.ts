/** What is deployed of an agent, for machines and for people. */
import type { ListedEndpoint } from '../../deploy/aws/Endpoints'
import type { Deployment } from '../../deploy/findDeployed'
import { fieldsOf } from '../../deploy/plan/ManagedFields'
import type { ExistingRuntime } from '../../deploy/plan/RuntimeRequest'
import { consoleUrl, logGroup } from '../../deploy/resources/ResourceNames'
import { isRegion, toPartition } from '../../core/Region'
import { type CliError, explain, failed } from '../program/CliError'
import type { Style } from '../program/Style'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What AWS says of an agent. `Unknown` could not be asked; `Skipped` was not to be asked. */
export type CloudStatus =
  | Deployment
  | { readonly _tag: 'Unknown'; readonly arn: string | null; readonly error: CliError }
  | { readonly _tag: 'Skipped'; readonly arn: string | null }

type Deployed = Extract<Deployment, { readonly _tag: 'Deployed' }>

/** What is recorded of the agent. */
export interface CloudRecord {
  /** The fields of the runtime that this project's deployments have set. Undefined for a runtime of another project. */
  readonly managed: ReadonlyArray<string> | undefined
  /** The flag that names the agent in commands to paste; empty for the default agent. */
  readonly which: string
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const hasFailed = (status: string | undefined): boolean => status?.endsWith('FAILED') === true

const toFailure = (what: string, status: string | undefined, reason: string | undefined, group: string): CliError =>
  failed(
    'RUNTIME_FAILED',
    `${what} is ${status ?? ''}${reason === undefined || reason === '' ? '' : `: ${reason}`}`,
    `fix what it reports and deploy again; the output of the agent is in the log group ${group}`,
  )

/** What is wrong with a deployment, which decides the exit code; undefined if nothing is. */
export const cloudFailure = (status: CloudStatus): CliError | undefined => {
  switch (status._tag) {
    case 'None':
    case 'Skipped':
    case 'Unrecorded':
      return undefined
    case 'Unknown':
      return status.error
    case 'Missing':
      return failed(
        'RUNTIME_MISSING',
        `The agent runtime ${status.arn} no longer exists`,
        'run agentcore deploy to create it again, or agentcore destroy to remove what is left of it',
      )
    case 'Deployed': {
      const { runtime, endpoints } = status
      const { agentRuntimeId: id = '' } = runtime
      if (hasFailed(runtime.status))
        return toFailure(`The agent runtime ${id}`, runtime.status, runtime.failureReason, logGroup(id))
      const endpoint = endpoints.find((found) => hasFailed(found.status))
      return endpoint === undefined
        ? undefined
        : toFailure(`The endpoint ${endpoint.name ?? ''}`, endpoint.status, undefined, logGroup(id, endpoint.name))
    }
  }
}

/** Fields of the runtime that no deployment of this project has set. */
const unmanaged = (runtime: ExistingRuntime, managed: CloudRecord['managed']): ReadonlyArray<string> =>
  managed === undefined
    ? []
    : fieldsOf(runtime).filter((field) => !field.startsWith('lifecycleConfiguration') && !managed.includes(field))

const endpointDocument = (id: string, endpoint: ListedEndpoint): Readonly<Record<string, unknown>> => ({
  name: endpoint.name,
  status: endpoint.status,
  liveVersion: endpoint.liveVersion ?? null,
  targetVersion: endpoint.targetVersion ?? null,
  logGroup: logGroup(id, endpoint.name),
})

const artifactDocument = ({ agentRuntimeArtifact: artifact }: ExistingRuntime): Readonly<Record<string, unknown>> => {
  const { containerConfiguration: container, codeConfiguration: code } = artifact ?? {}
  if (container !== undefined) return { image: container.containerUri }
  const { bucket = '', prefix = '' } = code?.code?.s3 ?? {}
  return code === undefined
    ? {}
    : { code: `s3://${bucket}/${prefix}`, runtime: code.runtime, entryPoint: code.entryPoint }
}

const urlOf = (arn: string): string | null => {
  const region = arn.split(':')[3] ?? ''
  return isRegion(region) ? consoleUrl({ partition: toPartition(region), region }) : null
}

const deployedDocument = (
  { runtime, endpoints, versions }: Deployed,
  { managed }: CloudRecord,
): Readonly<Record<string, unknown>> => {
  const { agentRuntimeId: id = '', agentRuntimeArn: arn = '' } = runtime
  return {
    state: 'deployed',
    arn,
    id,
    name: runtime.agentRuntimeName,
    status: runtime.status,
    failureReason: runtime.failureReason ?? null,
    version: runtime.agentRuntimeVersion,
    versions,
    endpoints: endpoints.map((endpoint) => endpointDocument(id, endpoint)),
    ...artifactDocument(runtime),
    executionRole: runtime.roleArn,
    network: runtime.networkConfiguration,
    protocol: runtime.protocolConfiguration?.serverProtocol ?? 'HTTP',
    lifecycle: runtime.lifecycleConfiguration,
    authorizer: runtime.authorizerConfiguration ?? null,
    headerAllowlist: runtime.requestHeaderConfiguration?.requestHeaderAllowlist ?? [],
    // Values may be secrets, and this goes into logs.
    environment: Object.keys(runtime.environmentVariables ?? {}),
    createdAt: runtime.createdAt,
    lastUpdatedAt: runtime.lastUpdatedAt,
    notManaged: unmanaged(runtime, managed),
    logGroup: logGroup(id),
    console: urlOf(arn),
  }
}

/** For `--json`. */
export const cloudDocument = (status: CloudStatus, record: CloudRecord): Readonly<Record<string, unknown>> => {
  switch (status._tag) {
    case 'None':
      return { state: 'none', arn: null }
    case 'Skipped':
      return { state: 'skipped', arn: status.arn }
    case 'Missing':
      return { state: 'missing', arn: status.arn }
    case 'Unrecorded':
      return { state: 'unrecorded', arn: status.arn, id: status.id }
    case 'Unknown': {
      const { message, code, next } = explain(status.error)
      return { state: 'unknown', arn: status.arn, error: message, code, next }
    }
    case 'Deployed':
      return deployedDocument(status, record)
  }
}

const indent = ' '.repeat(13)

const label = (name: string): string => `  ${name.padEnd(10)} `

const networkText = ({ networkConfiguration: network }: ExistingRuntime): string => {
  const { networkMode = 'PUBLIC', networkModeConfig } = network ?? {}
  const { subnets = [], securityGroups = [] } = networkModeConfig ?? {}
  return networkMode === 'VPC' ? `VPC (${[...subnets, ...securityGroups].join(', ')})` : 'public network'
}

const callersText = ({ authorizerConfiguration: authorizer }: ExistingRuntime): string =>
  authorizer?.customJWTAuthorizer === undefined
    ? 'callers by IAM'
    : `callers by JWT of ${authorizer.customJWTAuthorizer.discoveryUrl ?? ''}`

const endpointText = ({ green, yellow, red }: Style, endpoint: ListedEndpoint): string => {
  const { name = '', status = '', liveVersion = '?', targetVersion } = endpoint
  const paint = status === 'READY' ? green : hasFailed(status) ? red : yellow
  const target = targetVersion === undefined || targetVersion === liveVersion ? '' : `, becoming ${targetVersion}`
  return `${name} ${paint(status)}, version ${liveVersion}${target}`
}

const deployedLines = (
  style: Style,
  { runtime, endpoints, versions }: Deployed,
  record: CloudRecord,
): Array<string> => {
  const { dim, green, yellow, red } = style
  const { agentRuntimeId: id = '', agentRuntimeArn: arn = '', status = '', failureReason = '' } = runtime
  const paint = status === 'READY' ? green : hasFailed(status) ? red : yellow
  const { idleRuntimeSessionTimeout: idle = 900, maxLifetime: life = 28800 } = runtime.lifecycleConfiguration ?? {}
  const headers = runtime.requestHeaderConfiguration?.requestHeaderAllowlist ?? []
  const variables = Object.keys(runtime.environmentVariables ?? {})
  const others = unmanaged(runtime, record.managed)
  const url = urlOf(arn)
  return [
    `${label('cloud')}${paint(status)}, version ${runtime.agentRuntimeVersion ?? '?'}${failureReason === '' ? '' : `: ${failureReason}`}`,
    `${indent}${arn}`,
    ...endpoints.map((endpoint, at) => `${at === 0 ? label('endpoints') : indent}${endpointText(style, endpoint)}`),
    `${label('versions')}${versions.slice(0, 10).join(', ')}${versions.length > 10 ? `, … (${versions.length})` : ''}`,
    `${label('settings')}${networkText(runtime)}, ${runtime.protocolConfiguration?.serverProtocol ?? 'HTTP'}, ${callersText(runtime)}`,
    `${indent}session idle timeout ${idle} s, lifetime ${life} s`,
    `${indent}headers ${headers.length === 0 ? 'none' : headers.join(', ')}; variables ${variables.length === 0 ? 'none' : variables.join(', ')}`,
    `${indent}role ${runtime.roleArn ?? ''}`,
    ...(others.length === 0 ? [] : [`${indent}${dim(`not set by this project: ${others.join(', ')}`)}`]),
    `${label('logs')}${logGroup(id)}`,
    ...(url === null ? [] : [`${label('console')}${url}`]),
  ]
}

/** For people. */
export const cloudLines = (style: Style, status: CloudStatus, record: CloudRecord): ReadonlyArray<string> => {
  const { dim, red, yellow } = style
  switch (status._tag) {
    case 'None':
      return [`${label('cloud')}${dim('not deployed')}`]
    case 'Skipped':
      return [
        `${label('cloud')}${status.arn === null ? dim('not deployed') : `${status.arn} ${dim('(not looked at)')}`}`,
      ]
    case 'Missing':
      return [`${label('cloud')}${red('no longer exists')}: ${status.arn}`]
    case 'Unrecorded':
      return [
        `${label('cloud')}${yellow('not recorded here')}, but the account has ${status.arn}`,
        `${indent}this project takes it over with agentcore deploy${record.which} --adopt ${status.arn}`,
      ]
    case 'Unknown':
      return [
        `${label('cloud')}${red(explain(status.error).message)}`,
        ...(status.arn === null ? [] : [`${indent}${status.arn}`]),
      ]
    case 'Deployed':
      return deployedLines(style, status, record)
  }
}
