/** What every change of a deployed agent has in common: one at a time, Ctrl-C between its steps, progress, and its end. */
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { RuntimeVersion } from '../../../deploy/aws/Runtimes'
import { systemPause } from '../../../deploy/aws/Waiting'
import type { ImageEngine } from '../../../deploy/build/runImageStep'
import { deployAgent, type Deployed, type Runnable, type StepNews } from '../../../deploy/deployAgent'
import { saveChanges, toFileChanges } from '../../../deploy/DeployState'
import type { DeployError } from '../../../deploy/failure/DeployError'
import type { Account } from '../../../deploy/findExisting'
import { toWords } from '../../../deploy/plan/DeployPlan'
import type { ExistingRuntime } from '../../../deploy/plan/RuntimeRequest'
import { privateFolder } from '../../../node/file/PrivateFile'
import { withLock } from '../../../node/file/withLock'
import { agentFolder, type AgentFolder } from '../../agent/AgentFolder'
import { fromDeploy } from '../../cloud/CloudFailure'
import { agentsIn } from '../../entry/EntryAgent'
import type { Cli } from '../../program/Cli'
import { cancelled, type CliError, failed, stateUnusable, unexpected } from '../../program/CliError'
import { printLine, showProgress } from '../../terminal/Progress'
import { stoppedFailure, stoppedLines } from './DeployReport'
import { withScratchState } from './ScratchState'

/** What work on a deployed agent is given. */
export interface CloudWork {
  readonly where: AgentFolder
  /** The flag that names the agent in commands to paste; empty for the default agent. */
  readonly which: string
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

/** What the command line says of the work. */
export interface WorkValues {
  readonly agent: string | undefined
  readonly dryRun: boolean
}

/**
 * Runs work on a configured agent until it ends or the user cancels it: alone, or for a dry run without writing anything
 * to the project.
 */
export const onAgent =
  (cli: Cli, { agent, dryRun }: WorkValues) =>
  <A>(work: (given: CloudWork) => TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> => {
    const breaking = new AbortController()
    const all = pipe(
      agentsIn(cli.cwd),
      TE.filterOrElse(
        ({ isConfigured }) => isConfigured,
        () => notConfigured,
      ),
      TE.bindTo('project'),
      TE.bind('where', () => agentFolder(cli, { agent })),
      TE.chain(({ where, project: { project } }) => {
        const isDefault = agent === undefined || project.default_agent === where.agent.name
        const which = isDefault ? '' : ` --agent ${where.agent.name}`
        const { signal } = breaking
        return dryRun
          ? withScratchState(where)((scratch) => work({ where: scratch, which, signal }))
          : underLock(where)(work({ where, which, signal }))
      }),
    )
    return async () => {
      const off = cli.onSignal(() => {
        if (!breaking.signal.aborted) printLine('Stopping after the request under way', 'note')(cli)
        breaking.abort()
      })
      try {
        return await all()
      } finally {
        off()
      }
    }
  }

const notConfigured = failed(
  'NOT_CONFIGURED',
  'No agent is configured in this folder, and a deployment is recorded in .bedrock_agentcore.yaml',
  'run agentcore configure first',
)

/** Ends with `Cancelled` where the user has pressed Ctrl-C meanwhile. */
export const orCancelled =
  (signal: AbortSignal) =>
  <A>(task: TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
    pipe(
      task,
      TE.filterOrElse(
        () => !signal.aborted,
        () => cancelled,
      ),
    )

/** A failure of a deployment as one of the command. */
export const fromHere = <A>(task: TE.TaskEither<DeployError, A>): TE.TaskEither<CliError, A> =>
  pipe(
    task,
    TE.mapLeft((error) => fromDeploy(error)),
  )

/** What a plan is run with, besides the plan. */
export interface RunOptions {
  readonly account: Account
  readonly zip: Uint8Array
  /** What builds an image on this machine, where one is built here. */
  readonly engine?: ImageEngine | undefined
  /** The runtime that the plan found. */
  readonly runtime: ExistingRuntime | undefined
}

/** Runs a plan, records what it does, and shows each step. */
export const runPlan =
  (cli: Cli, { where, which, signal }: CloudWork, { account, zip, engine, runtime }: RunOptions) =>
  (plan: Runnable): TE.TaskEither<CliError, Deployed> => {
    const save = saveChanges(where.folder, where.agent.name)
    return pipe(
      deployAgent({
        account,
        zip,
        engine,
        wait: { pause: systemPause, signal },
        save: (fact) => save((now) => toFileChanges(now, plan.settings, fact)),
        onStep: showStep(cli),
      })(plan, toVersion(runtime)),
      TE.mapLeft((stopped) => {
        // A cancelled command has no lines of its own, and whoever cancelled it wants to know what is there now.
        if (stopped.error._tag === 'Interrupted') printLine(stoppedLines(stopped, which).join('\n'))(cli)
        return stoppedFailure(stopped, which)
      }),
    )
  }

const toVersion = (runtime: ExistingRuntime | undefined): RuntimeVersion | undefined =>
  runtime === undefined
    ? undefined
    : {
        id: runtime.agentRuntimeId ?? '',
        arn: runtime.agentRuntimeArn ?? '',
        version: runtime.agentRuntimeVersion ?? '',
      }

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const showStep =
  (cli: Cli) =>
  (news: StepNews): void => {
    const text = sentence(toWords(news.step))
    switch (news._tag) {
      case 'Begun':
        return showProgress(text)(cli)
      case 'Progress':
        // Lines are cut at the width of the terminal: what changes stands first.
        return showProgress(`${news.text}: ${text}`)(cli)
      case 'Passed':
        return printLine(`  ${news.text}`)(cli)
      case 'Done':
        return printLine(text, 'done')(cli)
    }
  }

/** Two deployments at once would make everything twice. */
const underLock =
  ({ folder, agent }: AgentFolder) =>
  <A>(use: TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> => {
    const state = join(folder, '.bedrock_agentcore', 'cloud')
    return pipe(
      TE.fromIOEither(E.tryCatchK(() => privateFolder(state), stateUnusable)),
      TE.chain(() => TE.tryCatch(() => withLock(join(state, `.${agent.name}`), use), unexpected)),
      TE.chain((outcome) =>
        outcome._tag === 'Busy'
          ? TE.left(
              failed('BUSY', `${agent.name} is being deployed by ${outcome.owner}`, 'try again when that is done'),
            )
          : TE.fromEither(outcome.value),
      ),
    )
  }
