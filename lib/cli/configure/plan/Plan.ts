/** What `agentcore configure` writes, decided from what stands in the file, what was wished for and what was found. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { Change } from '../../../config/Document'
import { type AgentConfig, toDeploymentType, toHeaderAllowlist, isSet, type Project } from '../../../config/Project'
import { toAccountId, lifecycle } from '../../../config/Rules'
import { type CliError, usage } from '../../program/CliError'
import type { Wishes } from './flags'
import { type Entry, nameFrom } from './EntryFile'
import { template } from './template'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What was found on this machine. */
export interface Findings {
  /** The entry point; undefined where the agent that is meant has one and no other was wished for. */
  readonly entry: Entry | undefined
  readonly region: string | undefined
}

/** What is to be done. */
export interface Plan {
  readonly name: string
  readonly isNew: boolean
  readonly changes: ReadonlyArray<Change>
  /** What a person should know. */
  readonly notes: ReadonlyArray<string>
}

/** What is agreed on before the fields are written. */
interface Frame {
  readonly name: string
  readonly existing: AgentConfig | undefined
  readonly type: 'container' | 'direct_code_deploy'
  readonly wishes: Wishes
}

const defaultRegion = 'us-west-2'

const refuse = (message: string, next = 'see agentcore configure --help'): E.Either<CliError, never> =>
  E.left(usage(message, next))

// ---------------------------------------------------------------------------------------------------------------------
// which agent
// ---------------------------------------------------------------------------------------------------------------------

/** The agent that is meant, if it is there: by its name, else by its entry point, else the default one. */
export const meant = (
  project: Project,
  { name, entrypoint }: Pick<Wishes, 'name' | 'entrypoint'>,
  entry?: Entry,
): AgentConfig | undefined => {
  const agents = Object.values(project.agents)
  if (name !== undefined) return agents.find((agent) => agent.name === name)
  if (entrypoint === undefined) return agents.find((agent) => agent.name === project.default_agent)
  const same = agents.filter((agent) => agent.entrypoint === entry?.file)
  return same.length === 1 ? same[0] : agents.find((agent) => agent.name === nameFrom(entrypoint))
}

const another = 'it cannot be changed on an existing agent; configure a new one with --name'

const typeOf = (
  wishes: Wishes,
  existing: AgentConfig | undefined,
  { entry }: Findings,
): E.Either<CliError, Frame['type']> => {
  const { deploymentType: wished, ecr, containerRuntime, s3, runtime } = wishes
  const implied = ecr !== undefined || containerRuntime !== undefined ? 'container' : undefined
  const other = s3 !== undefined || runtime !== undefined ? 'direct_code_deploy' : undefined
  const standing = existing === undefined ? undefined : toDeploymentType(existing)
  if (standing !== undefined && wished !== undefined && standing !== wished)
    return refuse(`--deployment-type: ${existing?.name ?? ''} is ${standing}`, another)
  const found = entry?.hasDockerfile === true ? 'container' : 'direct_code_deploy'
  const type = standing ?? wished ?? implied ?? other ?? found
  const alien = (
    [
      ['--ecr', ecr, 'container'],
      ['--container-runtime', containerRuntime, 'container'],
      ['--s3', s3, 'direct_code_deploy'],
      ['--runtime', runtime, 'direct_code_deploy'],
    ] as const
  ).find(([, wish, wants]) => wish !== undefined && wants !== type)
  return alien === undefined ? E.right(type) : refuse(`${alien[0]}: only for ${alien[2]}, and the agent is ${type}`)
}

// ---------------------------------------------------------------------------------------------------------------------
// fields
// ---------------------------------------------------------------------------------------------------------------------

type Fields = E.Either<CliError, ReadonlyArray<Change>>

const set = (at: string, to: unknown): Change => ({ at: at.split('.'), to })

const given = <A>(wish: A | undefined, changes: (wish: A) => ReadonlyArray<Change>): ReadonlyArray<Change> =>
  wish === undefined ? [] : changes(wish)

const entryFields = ({ entry }: Findings): Fields =>
  E.right(
    given(entry, ({ file, sourcePath, nodeVersion }) => [
      set('language', 'typescript'),
      set('node_version', nodeVersion),
      set('entrypoint', file),
      set('source_path', sourcePath),
    ]),
  )

/** `auto` is none yet, to be made when the agent is deployed. */
const kept = (key: string, flag: string, wish: string | undefined): ReadonlyArray<Change> =>
  given(wish, (text) => [set(key, text === 'auto' ? null : text), set(flag, text === 'auto')])

const awsFields = ({ wishes, existing }: Frame, { region }: Findings): Fields => {
  const { executionRole, ecr } = wishes
  const account = toAccountId(executionRole ?? '') ?? /^(\d{12})[.]dkr/.exec(ecr ?? '')?.[1]
  return E.right([
    ...given(executionRole, (arn) => [set('aws.execution_role', arn), set('aws.execution_role_auto_create', false)]),
    ...given(account, (id) => [set('aws.account', id)]),
    ...given(wishes.region ?? (!isSet(existing?.aws?.region) ? (region ?? defaultRegion) : undefined), (name) => [
      set('aws.region', name),
    ]),
    ...kept('aws.ecr_repository', 'aws.ecr_auto_create', ecr),
    ...kept('aws.s3_path', 'aws.s3_auto_create', wishes.s3),
    ...given(wishes.protocol, (name) => [set('aws.protocol_configuration.server_protocol', name)]),
    ...(wishes.disableOtel ? [set('aws.observability.enabled', false)] : []),
    ...(wishes.disableMemory ? [set('memory.mode', 'NO_MEMORY')] : []),
    ...given(wishes.codeBuildExecutionRole, (arn) => [set('codebuild.execution_role', arn)]),
    ...given(wishes.containerRuntime, (engine) => [set('container_runtime', engine)]),
    ...given(wishes.runtime, (name) => [set('runtime_type', name)]),
  ])
}

const sameItems = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  [...a].sort().join() === [...b].sort().join()

const networkFields = ({ wishes, existing, name }: Frame): Fields => {
  const { vpc, subnets, securityGroups } = wishes
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

const lifecycleFields = ({ wishes, existing }: Frame): Fields => {
  const { idleTimeout, maxLifetime } = wishes
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

const callerFields = ({ wishes, existing }: Frame): Fields => {
  const { authorizerConfig, requestHeaderAllowlist: wished } = wishes
  const names = wished ?? (existing === undefined ? [] : toHeaderAllowlist(existing))
  const hasTokens = authorizerConfig !== undefined || isSet(existing?.authorizer_configuration)
  if (!hasTokens && names.some((name) => name.toLowerCase() === 'authorization'))
    return refuse('--request-header-allowlist: Authorization requires --authorizer-config')
  return E.right([
    ...given(authorizerConfig, (config) => [set('authorizer_configuration', config)]),
    ...given(wished, (list) => [set('request_header_configuration', { requestHeaderAllowlist: list })]),
  ])
}

const toNotes = ({ wishes, existing, type }: Frame, { entry, region }: Findings): ReadonlyArray<string> => [
  ...(wishes.requirementsFile === undefined ? [] : ['--requirements-file is for Python agents; ignored']),
  ...(existing === undefined && type === 'container' && entry?.hasDockerfile === true
    ? ['Found a Dockerfile; the agent is deployed as a container. Set --deployment-type to change that.']
    : []),
  ...(wishes.region === undefined && !isSet(existing?.aws?.region) && region === undefined
    ? [`No region found; using ${defaultRegion}. Set --region or AWS_REGION.`]
    : []),
]

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

const toChanges = (frame: Frame, findings: Findings): Fields => {
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

/** Decides. Left: `Usage`, naming the flag. */
export const plan = (project: Project, wishes: Wishes, findings: Findings): E.Either<CliError, Plan> => {
  const { entry } = findings
  const existing = meant(project, wishes, entry)
  const name = wishes.name ?? existing?.name ?? nameFrom(wishes.entrypoint ?? entry?.file ?? '')
  if (existing === undefined && entry === undefined) return refuse('--entrypoint: no agent found in this folder')
  return pipe(
    typeOf(wishes, existing, findings),
    E.map((type): Frame => ({ name, existing, type, wishes })),
    E.bindTo('frame'),
    E.bind('fields', ({ frame }) => toChanges(frame, findings)),
    E.map(({ frame, fields }) => ({
      name,
      isNew: existing === undefined,
      changes: [
        ...(existing === undefined ? [{ at: ['agents', name], to: template(name, frame.type) }] : []),
        ...fields.map(({ at, to }) => ({ at: ['agents', name, ...at], to })),
        { at: ['default_agent'], to: name },
      ],
      notes: toNotes(frame, findings),
    })),
  )
}
