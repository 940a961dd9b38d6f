/** Runs `agentcore status`. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { DevRecord } from '../../config/DevRecord'
import type * as Record from '../../config/LocalRecord'
import { type AgentConfig, toAgent, toDeploymentType, isSet, toLifecycle, type Project } from '../../config/Project'
import { findDeployed } from '../../deploy/findDeployed'
import { fromDeploy } from '../cloud/CloudFailure'
import { type Overview, fetchOverview, type Session } from '../agent/RuntimeOverview'
import { findAllDev } from '../agent/RunningDev'
import { find } from '../agent/RunningRuntime'
import { agentsIn, mustBeNamed } from '../entry/EntryAgent'
import type { Cli, Output } from '../program/Cli'
import { type CliError, config, explain } from '../program/CliError'
import type { Run } from '../program/Command'
import type { StatusFlags } from './flags'
import type { Style } from '../program/Style'
import { showRuntime } from './ArnStatus'
import { type CloudRecord, cloudDocument, cloudFailure, cloudLines, type CloudStatus } from './CloudStatus'
import { limitLines } from './LimitsText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What runs here of an agent. `Gone` has a record without a process: it was killed. */
type LocalState =
  | { readonly _tag: 'Nothing' }
  | { readonly _tag: 'Gone' }
  | { readonly _tag: 'Running'; readonly record: Record.LocalRecord; readonly overview: Overview }
  | { readonly _tag: 'Broken'; readonly error: CliError }

/** An agent and what runs of it. */
interface Status {
  readonly agent: AgentConfig
  readonly isDefault: boolean
  readonly here: LocalState
  /** What `agentcore dev` serves of it. */
  readonly served: ReadonlyArray<DevRecord>
  readonly cloud: CloudStatus
}

// ---------------------------------------------------------------------------------------------------------------------
// finding out
// ---------------------------------------------------------------------------------------------------------------------

const broken = (error: CliError): LocalState => ({ _tag: 'Broken', error })

const findLocal = (cwd: string, name: string): TE.TaskEither<never, LocalState> =>
  pipe(
    find(cwd, name),
    TE.chain((runtime): TE.TaskEither<CliError, LocalState> => {
      switch (runtime._tag) {
        case 'None':
          return TE.right({ _tag: 'Nothing' })
        case 'Gone':
          return TE.right({ _tag: 'Gone' })
        case 'Running': {
          const { record } = runtime
          return pipe(
            fetchOverview(record),
            TE.map((overview) => ({ _tag: 'Running', record, overview })),
          )
        }
      }
    }),
    TE.orElse((error) => TE.right(broken(error))),
  )

/** What AWS says of it, where anything is deployed: most agents are not, and need neither credentials nor the SDK. */
const findCloud = (
  cli: Cli,
  { local, region, profile }: StatusFlags,
  agent: AgentConfig,
): TE.TaskEither<never, CloudStatus> => {
  const arn = agent.bedrock_agentcore?.agent_arn ?? null
  return local
    ? TE.right({ _tag: 'Skipped', arn })
    : pipe(
        findDeployed(agent, { region, profile, env: cli.env }),
        TE.orElse((error) => TE.right<never, CloudStatus>({ _tag: 'Unknown', arn, error: fromDeploy(error) })),
      )
}

const toRecord = ({ agent, isDefault }: Pick<Status, 'agent' | 'isDefault'>): CloudRecord => ({
  managed: agent.bedrock_agentcore?.managed_fields ?? [],
  which: isDefault ? '' : ` --agent ${agent.name}`,
})

const selectAgents = (name: string | undefined, project: Project): E.Either<CliError, ReadonlyArray<AgentConfig>> =>
  name === undefined
    ? E.right(Object.values(project.agents))
    : pipe(
        toAgent(name)(project),
        E.bimap(config, (agent) => [agent]),
      )

const toDefault = (project: Project): string | undefined =>
  pipe(
    toAgent()(project),
    E.match(
      () => undefined,
      ({ name }) => name,
    ),
  )

// ---------------------------------------------------------------------------------------------------------------------
// for machines
// ---------------------------------------------------------------------------------------------------------------------

const localDocument = (here: LocalState): Readonly<Record<string, unknown>> => {
  switch (here._tag) {
    case 'Nothing':
      return { state: 'none' }
    case 'Gone':
      return { state: 'gone' }
    case 'Running': {
      const { record, overview } = here
      const { sessions, lifecycle, limits, runtime } = overview
      const { pid, port, endpoint, arn, startedAt, logFile } = record
      return {
        ...{ state: 'running', pid, port, endpoint, arn, startedAt, logFile: logFile ?? null },
        ...{ isolation: runtime.isolation, sessions, lifecycle, limits },
      }
    }
    case 'Broken': {
      const { code, message } = explain(here.error)
      return { state: 'broken', error: message, code }
    }
  }
}

const toDocument = ({ agent, isDefault, here, served, cloud }: Status): Readonly<Record<string, unknown>> => ({
  name: agent.name,
  isDefault,
  entrypoint: agent.entrypoint,
  deploymentType: toDeploymentType(agent),
  region: agent.aws?.region ?? null,
  protocol: agent.aws?.protocol_configuration?.server_protocol ?? 'HTTP',
  callers: isSet(agent.authorizer_configuration) ? 'jwt' : 'iam',
  lifecycle: toLifecycle(agent),
  sessionId: agent.bedrock_agentcore?.agent_session_id ?? null,
  cloud: cloudDocument(cloud, toRecord({ agent, isDefault })),
  local: localDocument(here),
  dev: served.map(({ pid, endpoint, startedAt }) => ({ pid, endpoint, startedAt })),
})

// ---------------------------------------------------------------------------------------------------------------------
// for people
// ---------------------------------------------------------------------------------------------------------------------

const ago = (now: number, moment: string): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(moment)) / 1000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

const size = (bytes: number | null): string => (bytes === null ? '' : `, ${Math.round(bytes / 1_048_576)} MB`)

const sessionLine =
  (cli: Cli, { bold, dim }: Style) =>
  (session: Session): ReadonlyArray<string> => {
    const { id, state, started, lastUsed, busy, tasks, memory, pid, log } = session
    const now = cli.now()
    const work = [
      ...(tasks.invocations > 0 ? [`${tasks.invocations} running`] : []),
      ...(tasks.sockets > 0 ? [`${tasks.sockets} sockets`] : []),
      ...(tasks.background !== null && tasks.background > 0 ? [`${tasks.background} background tasks`] : []),
    ]
    const used = lastUsed === null ? '' : `, used ${ago(now, lastUsed)} ago`
    const line = `    ${bold(id)}  ${busy ? 'busy' : state}, started ${ago(now, started)} ago${used}${size(memory)}`
    return [
      [line, ...work].join(', '),
      ...(cli.isVerbose ? [dim(`      process ${pid ?? 'unknown'}, log ${log ?? 'none'}`)] : []),
    ]
  }

const localLines = (cli: Cli, style: Style, here: LocalState): ReadonlyArray<string> => {
  const { green, yellow, red, dim } = style
  switch (here._tag) {
    case 'Nothing':
      return [`  local      ${dim('not running; start it with agentcore deploy --local')}`]
    case 'Gone':
      return [`  local      ${yellow('exited unexpectedly')}; restart it with agentcore deploy --local`]
    case 'Broken':
      return [`  local      ${red(explain(here.error).message)}`]
    case 'Running': {
      const { record, overview } = here
      const { sessions, limits, runtime } = overview
      return [
        `  local      ${green('running')} at ${record.endpoint}, process ${record.pid}, isolation ${runtime.isolation}`,
        `             ${record.arn}`,
        ...(cli.isVerbose
          ? [
              dim(`             since ${record.startedAt}, log ${record.logFile ?? 'none'}`),
              ...limitLines(limits).map((line, index) => dim(`${(index === 0 ? '  limits' : '').padEnd(13)}${line}`)),
            ]
          : []),
        `  sessions   ${sessions.length === 0 ? 'none' : sessions.length}`,
        ...sessions.flatMap(sessionLine(cli, style)),
      ]
    }
  }
}

const toLines =
  (cli: Cli, style: Style) =>
  ({ agent, isDefault, here, served, cloud }: Status): string => {
    const { bold, dim, green } = style
    const life = toLifecycle(agent)
    return [
      `${bold(agent.name)}${isDefault ? dim(' (default)') : ''}`,
      `  configured ${agent.entrypoint}, ${toDeploymentType(agent)}, ${agent.aws?.region ?? 'no region'}, callers by ${
        isSet(agent.authorizer_configuration) ? 'JWT' : 'IAM'
      }, session idle timeout ${life.idleRuntimeSessionTimeout} s, lifetime ${life.maxLifetime} s`,
      ...cloudLines(style, cloud, toRecord({ agent, isDefault })),
      ...localLines(cli, style, here),
      ...served.map(
        ({ endpoint, pid }) =>
          `  dev        ${green('running')} at ${endpoint}, process ${pid}; call it with agentcore invoke --dev`,
      ),
    ].join('\n')
  }

// ---------------------------------------------------------------------------------------------------------------------
// all of it
// ---------------------------------------------------------------------------------------------------------------------

const output =
  (cli: Cli) =>
  (statuses: ReadonlyArray<Status>): Output => {
    const [failure] = statuses.flatMap(({ here, cloud }) => [
      ...(here._tag === 'Broken' ? [here.error] : []),
      ...[cloudFailure(cloud)].filter((found) => found !== undefined),
    ])
    return {
      json: { agents: statuses.map(toDocument) },
      text: (style) => statuses.map(toLines(cli, style)).join('\n\n'),
      ...(failure === undefined ? {} : { failure }),
    }
  }

const ofFolder = (flags: StatusFlags, cli: Cli): TE.TaskEither<CliError, Output> =>
  pipe(
    agentsIn(cli.cwd),
    TE.chainEitherK(mustBeNamed(flags.agent)),
    TE.chain((project) =>
      pipe(
        TE.fromEither(selectAgents(flags.agent, project)),
        TE.bindTo('agents'),
        TE.bind('served', () => TE.fromTask(findAllDev(cli.cwd))),
        TE.chainW(({ agents, served }) =>
          pipe(
            agents,
            TE.traverseArray((agent) =>
              pipe(
                TE.Do,
                TE.apS('here', findLocal(cli.cwd, agent.name)),
                TE.apS('cloud', findCloud(cli, flags, agent)),
                TE.map(({ here, cloud }): Status => ({
                  agent,
                  here,
                  cloud,
                  served: served.filter((record) => record.agent === agent.name),
                  isDefault: agent.name === toDefault(project),
                })),
              ),
            ),
          ),
        ),
      ),
    ),
    TE.map(output(cli)),
  )

/** Tells the state of agents. */
export const run: Run<StatusFlags> = (flags) => (cli) =>
  flags.arn === undefined ? ofFolder(flags, cli) : showRuntime(cli, flags.arn, flags)
