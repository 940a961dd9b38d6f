/** What `agentcore configure` writes, decided from what stands in the file, what was requested for and what was found. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { toAccount } from '../../../core/Arn'
import type { Change } from '../../../config/Document'
import {
  type AgentConfig,
  isSet,
  type Project,
  toAgent,
  toDeploymentType,
  toHeaderAllowlist,
  toNames,
} from '../../../config/Project'
import { lifecycle } from '../../../config/Rules'
import { type CliError, usage } from '../../program/CliError'
import type { ConfigureSettings } from './flags'
import { toFields, withSettings } from './Authorizer'
import { type Difference, differences } from './Difference'
import { type Entry, nameFrom, suggestedName } from '../../entry/EntryFile'
import { template } from './template'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Settings detected on this machine. */
export interface DetectedSettings {
  /** The entry point; undefined where the agent that is meant has one and no other was requested for. */
  readonly entry: Entry | undefined
  readonly region: string | undefined
}

/** What is to be done. */
export interface Plan {
  readonly name: string
  readonly isNew: boolean
  readonly changes: ReadonlyArray<Change>
  /** What changes of an agent that is there. */
  readonly differences: ReadonlyArray<Difference>
  /** The agent that commands use without `--agent` afterwards; undefined if there is none. */
  readonly defaultAgent: string | undefined
  readonly movesDefault: boolean
  /** What a person should know. */
  readonly notes: ReadonlyArray<string>
}

/** What every field of the plan is derived from. */
interface PlanContext {
  readonly name: string
  readonly existing: AgentConfig | undefined
  readonly type: 'container' | 'direct_code_deploy'
  readonly settings: ConfigureSettings
}

const defaultRegion = 'us-west-2'

const refuse = (message: string, next = 'see agentcore configure --help'): E.Either<CliError, never> =>
  E.left(usage(message, next))

// ---------------------------------------------------------------------------------------------------------------------
// which agent
// ---------------------------------------------------------------------------------------------------------------------

/** Finds the existing agent by its name, else by its entry point, else the default one. */
export const findExisting = (
  project: Project,
  { name, entrypoint }: Pick<ConfigureSettings, 'name' | 'entrypoint'>,
  entry?: Entry,
): AgentConfig | undefined => {
  const agents = Object.values(project.agents)
  if (name !== undefined) return agents.find((agent) => agent.name === name)
  if (entrypoint === undefined) return O.toUndefined(O.fromEither(toAgent()(project)))
  const same = agents.filter((agent) => agent.entrypoint === entry?.file)
  const wanted = entry === undefined ? nameFrom(entrypoint) : suggestedName(entry, entrypoint)
  return same.length === 1 ? same[0] : agents.find((agent) => agent.name === wanted)
}

/** The name of the default agent, if there is one. */
export const toDefault = (project: Project): string | undefined => O.toUndefined(O.fromEither(toAgent()(project)))?.name

/** The default agent never moves by itself: the first agent becomes it, any other only where that is asked for. */
const defaultAfter = (project: Project, name: string, isWanted: boolean): string | undefined => {
  if (isWanted || toNames(project).length === 0 || project.default_agent === name) return name
  return toDefault(project)
}

const another = 'it cannot be changed on an existing agent; configure a new one with --name'

const typeOf = (
  settings: ConfigureSettings,
  existing: AgentConfig | undefined,
  { entry }: DetectedSettings,
): E.Either<CliError, PlanContext['type']> => {
  const { deploymentType: requested, ecr, containerRuntime, s3, runtime } = settings
  const implied = ecr !== undefined || containerRuntime !== undefined ? 'container' : undefined
  const other = s3 !== undefined || runtime !== undefined ? 'direct_code_deploy' : undefined
  const standing = existing === undefined ? undefined : toDeploymentType(existing)
  if (standing !== undefined && requested !== undefined && standing !== requested)
    return refuse(`--deployment-type: ${existing?.name ?? ''} is ${standing}`, another)
  const found = entry?.hasDockerfile === true ? 'container' : 'direct_code_deploy'
  const type = standing ?? requested ?? implied ?? other ?? found
  const mismatch = (
    [
      ['--ecr', ecr, 'container'],
      ['--container-runtime', containerRuntime, 'container'],
      ['--s3', s3, 'direct_code_deploy'],
      ['--runtime', runtime, 'direct_code_deploy'],
    ] as const
  ).find(([, setting, wants]) => setting !== undefined && wants !== type)
  return mismatch === undefined
    ? E.right(type)
    : refuse(`${mismatch[0]}: only for ${mismatch[2]}, and the agent is ${type}`)
}

// ---------------------------------------------------------------------------------------------------------------------
// fields
// ---------------------------------------------------------------------------------------------------------------------

type Fields = E.Either<CliError, ReadonlyArray<Change>>

const set = (at: string, to: unknown): Change => ({ path: at.split('.'), value: to })

const given = <A>(setting: A | undefined, changes: (setting: A) => ReadonlyArray<Change>): ReadonlyArray<Change> =>
  setting === undefined ? [] : changes(setting)

const entryFields = ({ entry }: DetectedSettings): Fields =>
  E.right(
    given(entry, ({ file, sourcePath, nodeVersion }) => [
      set('language', 'typescript'),
      set('node_version', nodeVersion),
      set('entrypoint', file),
      set('source_path', sourcePath),
    ]),
  )

/** `auto` is none yet, to be made when the agent is deployed. */
const resourceFields = (key: string, flag: string, setting: string | undefined): ReadonlyArray<Change> =>
  given(setting, (text) => [set(key, text === 'auto' ? null : text), set(flag, text === 'auto')])

const awsFields = ({ settings, existing }: PlanContext, { region }: DetectedSettings): Fields => {
  const { executionRole, ecr } = settings
  const account = O.toUndefined(toAccount(executionRole ?? '')) ?? /^(\d{12})[.]dkr/.exec(ecr ?? '')?.[1]
  return E.right([
    ...given(executionRole, (arn) => [set('aws.execution_role', arn), set('aws.execution_role_auto_create', false)]),
    ...given(account, (id) => [set('aws.account', id)]),
    // An agent that is there may have no region on purpose: whoever deploys it sets one.
    ...given(settings.region ?? (existing === undefined ? (region ?? defaultRegion) : undefined), (name) => [
      set('aws.region', name),
    ]),
    ...resourceFields('aws.ecr_repository', 'aws.ecr_auto_create', ecr),
    ...resourceFields('aws.s3_path', 'aws.s3_auto_create', settings.s3),
    ...given(settings.protocol, (name) => [set('aws.protocol_configuration.server_protocol', name)]),
    ...(settings.disableOtel ? [set('aws.observability.enabled', false)] : []),
    ...(settings.disableMemory ? [set('memory.mode', 'NO_MEMORY')] : []),
    ...given(settings.codeBuildExecutionRole, (arn) => [set('codebuild.execution_role', arn)]),
    ...given(settings.containerRuntime, (engine) => [set('container_runtime', engine)]),
    ...given(settings.runtime, (name) => [set('runtime_type', name)]),
  ])
}

const sameItems = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  [...a].sort().join() === [...b].sort().join()

const networkFields = ({ settings, existing, name }: PlanContext): Fields => {
  const { vpc, subnets, securityGroups } = settings
  if (!vpc) {
    if (subnets !== undefined) return refuse('--subnets: requires --vpc')
    return securityGroups === undefined ? E.right([]) : refuse('--security-groups: requires --vpc')
  }
  if (subnets === undefined) return refuse('--vpc: requires --subnets')
  if (securityGroups === undefined) return refuse('--vpc: requires --security-groups')
  if (existing !== undefined) {
    const network = existing.aws?.network_configuration
    const config = network?.network_mode_config
    if (network?.network_mode !== 'VPC') return refuse(`--vpc: ${name} is not in a VPC`, another)
    if (!sameItems(config?.subnets ?? [], subnets)) return refuse(`--subnets: ${name} uses other subnets`, another)
    if (!sameItems(config?.security_groups ?? [], securityGroups))
      return refuse(`--security-groups: ${name} uses other security groups`, another)
    return E.right([])
  }
  return E.right([
    set('aws.network_configuration.network_mode', 'VPC'),
    set('aws.network_configuration.network_mode_config', { security_groups: securityGroups, subnets }),
  ])
}

const lifecycleFields = ({ settings, existing }: PlanContext): Fields => {
  const { idleTimeout, maxLifetime } = settings
  if (idleTimeout === undefined && maxLifetime === undefined) return E.right([])
  const standing = existing?.aws?.lifecycle_configuration
  const idle = idleTimeout ?? standing?.idle_runtime_session_timeout ?? undefined
  return pipe(
    lifecycle(idle, maxLifetime ?? standing?.max_lifetime ?? undefined),
    E.bimap(
      (why): CliError =>
        usage(`${idleTimeout === undefined ? '--max-lifetime' : '--idle-timeout'}: ${why}`, 'adjust one of them'),
      (found) => [
        set('aws.lifecycle_configuration.idle_runtime_session_timeout', found.idle),
        set('aws.lifecycle_configuration.max_lifetime', found.max),
      ],
    ),
  )
}

/** Field by field where there is an authorizer already, so that comments and what the flags do not name stay. */
const authorizerChanges = (existing: unknown, config: unknown): ReadonlyArray<Change> => {
  const [before, after] = [toFields(existing), toFields(config)]
  if (Object.keys(before).length === 0) return [set('authorizer_configuration', config)]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].map((name) => set(`authorizer_configuration.customJWTAuthorizer.${name}`, after[name]))
}

const callerFields = ({ settings, existing }: PlanContext): Fields => {
  const { authorizerConfig, requestHeaderAllowlist: requested } = settings
  const standing = existing?.authorizer_configuration
  const tokens = withSettings(standing, settings)
  if (E.isLeft(tokens)) return refuse(tokens.left)
  if (authorizerConfig !== undefined && tokens.right !== undefined)
    return refuse('--authorizer-config: cannot be combined with --issuer, --clients, --audience or --scopes')
  const config = authorizerConfig === undefined ? (tokens.right ?? standing) : authorizerConfig
  const names = requested ?? (existing === undefined ? [] : toHeaderAllowlist(existing))
  if (!isSet(config) && names.some((name) => name.toLowerCase() === 'authorization'))
    return refuse('--request-header-allowlist: Authorization requires --issuer or --authorizer-config')
  return E.right([
    ...given(authorizerConfig, (whole) => [set('authorizer_configuration', whole)]),
    ...given(tokens.right, (whole) => authorizerChanges(standing, whole)),
    ...given(requested, (list) => [set('request_header_configuration', { requestHeaderAllowlist: list })]),
  ])
}

const toNotes = (
  { settings, existing, type }: PlanContext,
  { entry, region }: DetectedSettings,
): ReadonlyArray<string> => [
  ...(settings.requirementsFile === undefined ? [] : ['--requirements-file is for Python agents; ignored']),
  ...(existing === undefined && type === 'container' && entry?.hasDockerfile === true
    ? ['Found a Dockerfile; the agent is deployed as a container. Set --deployment-type to change that.']
    : []),
  ...(settings.protocol === undefined || settings.protocol === 'HTTP'
    ? []
    : [
        `agentcore-fp serves HTTP and WebSockets; ${settings.protocol} is for AgentCore, and for an agent that serves it`,
      ]),
  ...(settings.region === undefined && existing === undefined && region === undefined
    ? [`No region found; using ${defaultRegion}. Set --region or AWS_REGION.`]
    : []),
]

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

const toChanges = (frame: PlanContext, findings: DetectedSettings): Fields => {
  const parts = [
    entryFields(findings),
    awsFields(frame, findings),
    networkFields(frame),
    lifecycleFields(frame),
    callerFields(frame),
  ]
  const faulty = parts.find(E.isLeft)
  if (faulty !== undefined) return faulty
  return E.right(parts.flatMap((part) => (E.isRight(part) ? part.right : [])))
}

const toPlan = (
  project: Project,
  frame: PlanContext,
  findings: DetectedSettings,
  fields: ReadonlyArray<Change>,
): Plan => {
  const { name, existing, type, settings } = frame
  const ofAgent = fields.map(({ path, value }) => ({ path: ['agents', name, ...path], value }))
  const isNew = existing === undefined
  const defaultAgent = defaultAfter(project, name, settings.default)
  const setsDefault =
    (isNew || settings.default) && defaultAgent !== undefined && defaultAgent !== project.default_agent
  return {
    name,
    isNew,
    changes: [
      ...(isNew
        ? [{ path: ['agents', name], value: template(name, type) }, ...ofAgent]
        : ofAgent.filter((change) => differences(existing, [change]).length > 0)),
      ...(setsDefault ? [{ path: ['default_agent'], value: defaultAgent }] : []),
    ],
    differences: isNew ? [] : differences(existing, ofAgent),
    defaultAgent,
    movesDefault: defaultAgent !== toDefault(project),
    notes: toNotes(frame, findings),
  }
}

/** Decides. Left: `Usage`, naming the flag. */
export const plan = (
  project: Project,
  settings: ConfigureSettings,
  findings: DetectedSettings,
): E.Either<CliError, Plan> => {
  const { entry } = findings
  const existing = findExisting(project, settings, entry)
  const name = settings.name ?? existing?.name ?? (entry === undefined ? '' : suggestedName(entry, settings.entrypoint))
  if (existing === undefined && entry === undefined) return refuse('--entrypoint: no agent found in this folder')
  return pipe(
    typeOf(settings, existing, findings),
    E.map((type): PlanContext => ({ name, existing, type, settings })),
    E.bindTo('frame'),
    E.bind('fields', ({ frame }) => toChanges(frame, findings)),
    E.map(({ frame, fields }) => toPlan(project, frame, findings, fields)),
  )
}
