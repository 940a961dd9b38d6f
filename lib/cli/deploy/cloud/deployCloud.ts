/** Deploys an agent to AWS as code: what is to be done is planned first, then done step by step. */
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { toDeploymentType } from '../../../config/Project'
import type { RuntimeVersion } from '../../../deploy/aws/Runtimes'
import { systemPause } from '../../../deploy/aws/Waiting'
import { deployAgent, type StepNews } from '../../../deploy/deployAgent'
import { saveChanges, toFileChanges } from '../../../deploy/DeployState'
import { findExisting } from '../../../deploy/findExisting'
import { toPlan, toWords } from '../../../deploy/plan/DeployPlan'
import { toSettings } from '../../../deploy/plan/DeploySettings'
import type { ExistingRuntime } from '../../../deploy/plan/RuntimeRequest'
import { privateFolder } from '../../../node/file/PrivateFile'
import { withLock } from '../../../node/file/withLock'
import { agentFolder, type AgentFolder } from '../../agent/AgentFolder'
import { openAccount } from '../../cloud/CloudAccount'
import { fromDeploy } from '../../cloud/CloudFailure'
import { agentsIn } from '../../entry/EntryAgent'
import type { Cli, Output } from '../../program/Cli'
import { cancelled, type CliError, failed, stateUnusable, unexpected } from '../../program/CliError'
import { printLine, showProgress, step } from '../../terminal/Progress'
import { passedVariables } from '../EnvFiles'
import { packageCode } from './CodePackage'
import { deployedOutput, planOutput, stoppedFailure, stoppedLines } from './DeployReport'

/** What the command line says. */
export interface CloudValues {
  readonly agent: string | undefined
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  readonly envFrom: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly exclude: ReadonlyArray<string>
  readonly external: ReadonlyArray<string>
  readonly executionRole: string | undefined
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly autoUpdateOnConflict: boolean
}

/** Deploys. */
export const deployCloud =
  (values: CloudValues) =>
  (cli: Cli): TE.TaskEither<CliError, Output> => {
    const breaking = new AbortController()
    const work = pipe(
      agentsIn(cli.cwd),
      TE.filterOrElse(
        ({ isConfigured }) => isConfigured,
        () => notConfigured,
      ),
      TE.bindTo('project'),
      TE.bind('where', () => agentFolder(cli, { agent: values.agent })),
      TE.chainFirst(({ where }) =>
        toDeploymentType(where.agent) === 'container' ? TE.left(noContainers) : TE.right(0),
      ),
      TE.chain(({ where, project }) => {
        const isDefault = values.agent === undefined || project.project.default_agent === where.agent.name
        return underLock(where)(
          deployThere(cli, values, where, isDefault ? '' : ` --agent ${where.agent.name}`, breaking.signal),
        )
      }),
    )
    return async () => {
      const off = cli.onSignal(() => {
        if (!breaking.signal.aborted) printLine('Stopping after the request under way', 'note')(cli)
        breaking.abort()
      })
      try {
        return await work()
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

const noContainers = failed(
  'NOT_THERE_YET',
  'Containers cannot be deployed yet, neither by CodeBuild nor with --local-build',
  'deploy it as code: agentcore configure --deployment-type direct_code_deploy; or push the image by hand',
)

const deployThere = (
  cli: Cli,
  values: CloudValues,
  where: AgentFolder,
  which: string,
  signal: AbortSignal,
): TE.TaskEither<CliError, Output> => {
  const fromHere = TE.mapLeft((error: Parameters<typeof fromDeploy>[0]) => fromDeploy(error))
  const orCancelled = <A>(task: TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
    pipe(
      task,
      TE.filterOrElse(
        () => !signal.aborted,
        () => cancelled,
      ),
    )
  return pipe(
    openAccount(cli, values, where.agent),
    TE.bind('env', () => passedVariables(cli.cwd, values.envFrom, values.env)),
    TE.bind('settings', ({ place, env }) =>
      pipe(toSettings(place, { env, executionRole: values.executionRole })(where.agent), TE.fromEither, fromHere),
    ),
    TE.bind('code', () => packageCode(cli, { where, exclude: values.exclude, external: values.external, signal })),
    orCancelled,
    TE.bind('existing', ({ account, settings, code }) =>
      step(cli, 'Looking at what is deployed')(
        pipe(findExisting(account, settings, code, where.agent), fromHere),
        ({ runtime }) =>
          runtime === undefined
            ? 'Nothing is deployed yet'
            : `Found version ${runtime.agentRuntimeVersion ?? ''} of ${runtime.agentRuntimeId ?? ''}`,
      ),
    ),
    TE.bind('plan', ({ settings, code, existing }) =>
      pipe(
        toPlan({ updatesOnConflict: values.autoUpdateOnConflict })(settings, code, existing),
        TE.fromEither,
        fromHere,
      ),
    ),
    orCancelled,
    TE.chain(({ account, settings, code, existing, plan }) => {
      if (values.dryRun) return TE.right(planOutput(plan))
      const save = saveChanges(where.folder, where.agent.name)
      return pipe(
        deployAgent({
          account,
          zip: code.zip,
          wait: { pause: systemPause, signal },
          save: (fact) => save((now) => toFileChanges(now, settings, fact)),
          onStep: tell(cli),
        })(plan, toVersion(existing.runtime)),
        TE.bimap(
          (stopped) => {
            // A cancelled command has no lines of its own, and whoever cancelled it wants to know what is there now.
            if (stopped.error._tag === 'Interrupted') printLine(stoppedLines(stopped, which).join('\n'))(cli)
            return stoppedFailure(stopped, which)
          },
          (deployed) => deployedOutput(plan, deployed, which),
        ),
      )
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

const tell =
  (cli: Cli) =>
  (news: StepNews): void => {
    const text = sentence(toWords(news.step))
    switch (news._tag) {
      case 'Begun':
        return showProgress(text)(cli)
      case 'Progress':
        return showProgress(`${text}: ${news.text}`)(cli)
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
