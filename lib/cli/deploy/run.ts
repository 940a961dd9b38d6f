/** Runs `agentcore deploy`. */
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type LocalRecord, toShown } from '../../config/LocalRecord'
import { withLock } from '../../node/file/withLock'
import { privateFolder } from '../../node/file/PrivateFile'
import { toDeploymentType, toHeaderAllowlist, isSet, toLifecycle } from '../../config/Project'
import { type Isolation, localArn } from '../../local'
import { agentFolder, type AgentFolder } from '../agent/AgentFolder'
import { agentsIn } from '../entry/EntryAgent'
import { guardPolicy } from '../agent/AllowedFlags'
import type { Cli, Output } from '../program/Cli'
import { cancelled, type CliError, failed, stateUnusable, unexpected, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import { isTaken } from '../../node/network/Port'
import { formatDuration, step, printLine } from '../terminal/Progress'
import { hostInBackground } from './host/Background'
import { toAuthorizer } from './host/Callers'
import { hostHere, untilEnded } from './host/Foreground'
import { type Hosted, createLauncher } from './host/Host'
import type { HostPlan, Inbound } from './host/HostPlan'
import { checkFlags, type DeployValues } from './DeployFlags'
import { createPackage } from './Package'
import { commands, shown } from './NextSteps'
import { inheritedBy } from './AgentEnvironment'
import { notPassed, passedVariables } from './EnvFiles'
import { missingVariables } from './trial/StartFailure'
import { tryStart } from './trial/TrialStart'
import { endRunning, findRunning } from './LocalInstance'

const firstPort = 8080

const toState = ({ folder, agent }: AgentFolder): string => join(folder, '.bedrock_agentcore', 'local', agent.name)

const toIsolation = ({ agent }: AgentFolder, requested: Isolation | undefined): Isolation =>
  requested ?? (toDeploymentType(agent) === 'container' ? 'container' : 'process')

/** Who may call: as it was requested, else by the agent's authorizer if it has one. */
const toInbound = ({ agent }: AgentFolder, requested: Inbound['_tag'] | undefined): E.Either<CliError, Inbound> => {
  const config = agent.authorizer_configuration
  const hasAuthorizer = isSet(config)
  switch (requested ?? (hasAuthorizer ? 'jwt' : 'none')) {
    case 'none':
      return E.right({ _tag: 'none' })
    case 'sigv4':
      return E.right({ _tag: 'sigv4' })
    case 'jwt':
      return hasAuthorizer
        ? pipe(
            toAuthorizer(config),
            E.map((): Inbound => ({ _tag: 'jwt', config })),
          )
        : E.left(
            usage('--auth jwt: the agent has no authorizer', 'set one with agentcore configure --authorizer-config'),
          )
  }
}

/** A port that was asked for must be free, or that of the runtime which is replaced. Told before anything is built. */
const portIsFree = (port: number | undefined, running: LocalRecord | undefined): TE.TaskEither<CliError, void> =>
  port === undefined || port === 0 || port === running?.port
    ? TE.right(undefined)
    : pipe(
        TE.fromTask(() => isTaken(port)),
        TE.filterOrElse(
          (taken) => !taken,
          () =>
            failed('PORT_TAKEN', `Port ${port} is in use`, 'stop the program that uses it, or choose another --port'),
        ),
        TE.map(() => undefined),
      )

const toPlan = (
  where: AgentFolder,
  { port, isolation, ...guard }: Pick<DeployValues, 'port' | 'isolation' | 'allowOrigin' | 'allowHost'>,
  inbound: Inbound,
  running: LocalRecord | undefined,
  launch: HostPlan['launch'],
): HostPlan => {
  const { agent, folder } = where
  const { region, account } = agent.aws ?? {}
  const state = toState(where)
  const place = {
    ...(region === undefined || region === null ? {} : { region }),
    ...(account === undefined || account === null ? {} : { account }),
  }
  return {
    agent: agent.name,
    folder,
    state,
    launch,
    isShared: isolation === 'none',
    port: port ?? running?.port ?? firstPort,
    isPortFixed: port !== undefined,
    lifecycle: toLifecycle(agent),
    requestHeaderAllowlist: [...toHeaderAllowlist(agent)],
    inbound,
    ...guardPolicy(guard),
    arn: localArn({ name: agent.name, folder: state, ...place }),
    ...place,
  }
}

/** Two deployments at once replace one after the other. */
const underLock =
  ({ folder, agent }: AgentFolder) =>
  <A>(use: TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> => {
    const path = join(folder, '.bedrock_agentcore', 'local', `.${agent.name}`)
    return pipe(
      TE.tryCatch(() => withLock(path, use), unexpected),
      TE.chain((outcome) =>
        outcome._tag === 'Busy'
          ? TE.left(
              failed('BUSY', `${agent.name} is being deployed by ${outcome.owner}`, 'try again when that is done'),
            )
          : TE.fromEither(outcome.value),
      ),
    )
  }

const replace = (cli: Cli, where: AgentFolder): TE.TaskEither<CliError, LocalRecord | undefined> =>
  pipe(
    findRunning(cli, { isTold: false })(where.folder, where.agent.name),
    TE.chainFirst((running) =>
      running === undefined
        ? TE.right(undefined)
        : step(cli, 'Stopping the running runtime')(
            endRunning(where.folder, running),
            () => `Stopped the runtime at ${running.endpoint}`,
          ),
    ),
  )

const output = (record: LocalRecord, isDefault: boolean, isTold: boolean): Output => {
  const next = commands(record, isDefault, process.platform === 'win32')
  return { json: { ...toShown(record), next }, text: isTold ? () => '' : shown(record, next) }
}

const notePort = (cli: Cli, { port, isPortFixed }: HostPlan, record: LocalRecord): void => {
  if (!isPortFixed && port !== record.port) printLine(`Port ${port} is in use; using port ${record.port}`, 'note')(cli)
}

const runInForeground = (cli: Cli, hosted: Hosted, isDefault: boolean): TE.TaskEither<CliError, Output> => {
  const next = commands(hosted.record, isDefault, process.platform === 'win32').slice(0, -1)
  printLine(shown(hosted.record, [...next, 'Press Ctrl-C to stop'])({ ...plainer }))(cli)
  return pipe(
    untilEnded(cli, hosted),
    TE.map(() => output(hosted.record, isDefault, true)),
  )
}

const same = (text: string): string => text
const plainer = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }

/** Aborts the work on a signal, so that no started process is left behind. */
const abortable =
  (cli: Cli, breaking: AbortController) =>
  <A>(task: TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
  async () => {
    const off = cli.onSignal(() => breaking.abort())
    try {
      const result = await task()
      return breaking.signal.aborted ? E.left(cancelled) : result
    } finally {
      off()
    }
  }

const deployLocal =
  (values: DeployValues) =>
  (cli: Cli): TE.TaskEither<CliError, Output> => {
    const breaking = new AbortController()
    return pipe(
      agentFolder(cli, { agent: values.agent }),
      TE.bindTo('where'),
      TE.bind('inbound', ({ where }) => TE.fromEither(toInbound(where, values.auth))),
      TE.bind('project', () => agentsIn(cli.cwd)),
      TE.chainFirst(({ where }) =>
        TE.fromIOEither(E.tryCatchK(() => [where.state, toState(where)].forEach(privateFolder), stateUnusable)),
      ),
      TE.bind('before', ({ where }) => findRunning(cli, { isTold: true })(where.folder, where.agent.name)),
      TE.chainFirst(({ before }) => portIsFree(values.port, before)),
      TE.bind('env', () => passedVariables(cli.cwd, values.envFrom, values.env)),
      TE.bind('launch', ({ where, env }) => {
        const isolation = toIsolation(where, values.isolation)
        return createPackage(cli, { where, isolation, env, external: values.external, signal: breaking.signal })
      }),
      TE.bind('plan', ({ where, inbound, before, launch }) => TE.right(toPlan(where, values, inbound, before, launch))),
      TE.chainFirst(({ where, plan }) =>
        step(cli, 'Starting the agent once')(
          pipe(
            TE.fromIOEither(E.tryCatchK(() => privateFolder(plan.state), stateUnusable)),
            TE.chainTaskK(() => () => notPassed(where.folder, { ...inheritedBy(cli.env), ...plan.launch.env })),
            TE.chain((names) =>
              tryStart({
                launcherWith: (show) => createLauncher({ ...plan, isShared: false }, show),
                folder: plan.state,
                arn: plan.arn ?? '',
                unset: missingVariables(names),
                signal: breaking.signal,
              }),
            ),
          ),
          (took) => `The agent started and responded to /ping after ${formatDuration(took)}`,
        ),
      ),
      abortable(cli, breaking),
      TE.chain(({ where, project: { project }, plan }) => {
        const isDefault = values.agent === undefined || project.default_agent === where.agent.name
        if (plan.inbound._tag === 'none' && isSet(where.agent.authorizer_configuration))
          printLine('Callers are not authenticated: --auth is none', 'note')(cli)
        if (values.detach) {
          return pipe(
            replace(cli, where),
            TE.chain(() => hostInBackground(cli, plan)),
            underLock(where),
            TE.map((record) => {
              notePort(cli, plan, record)
              return output(record, isDefault, false)
            }),
          )
        }
        return pipe(
          replace(cli, where),
          TE.chain(() => hostHere(cli, plan)),
          underLock(where),
          TE.chain((hosted) => {
            notePort(cli, plan, hosted.record)
            return runInForeground(cli, hosted, isDefault)
          }),
        )
      }),
    )
  }

const toAws = (values: DeployValues, cli: Cli): TE.TaskEither<CliError, Output> => {
  const { version } = values
  return version === undefined
    ? pipe(
        TE.tryCatch(() => import('./cloud/deployCloud.js'), unexpected),
        TE.chain(({ deployCloud }) => deployCloud(values)(cli)),
      )
    : pipe(
        TE.tryCatch(() => import('./cloud/rollBack.js'), unexpected),
        TE.chain(({ rollBack }) => rollBack({ ...values, version })(cli)),
      )
}

/** Deploys. */
export const run: Run<DeployValues> = (values) => (cli) => {
  const flags = checkFlags(values)
  if (E.isLeft(flags)) return TE.left(flags.left)
  if (values.local && cli.isJson && !values.detach) {
    return TE.left(usage('--json: requires --detach, because a foreground runtime has no result', 'add --detach'))
  }
  const work = values.local ? deployLocal(values)(cli) : toAws(values, cli)
  return () => work().catch((cause: unknown) => E.left(unexpected(cause)))
}
