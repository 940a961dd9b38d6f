/** Rolls a deployed agent back to an earlier version: `agentcore deploy --version`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { findVersions } from '../../../deploy/findVersions'
import { toSettings } from '../../../deploy/plan/DeploySettings'
import { toRollback } from '../../../deploy/plan/RollbackPlan'
import { openAccount } from '../../cloud/CloudAccount'
import type { Cli, Output } from '../../program/Cli'
import { type CliError, usage } from '../../program/CliError'
import { step } from '../../terminal/Progress'
import { type CloudWork, fromHere, onAgent, orCancelled, runPlan } from './CloudWork'
import type { CloudValues } from './deployCloud'
import { rolledBackOutput, rollbackOutput } from './RollbackReport'

/** What the command line says. */
export interface RollbackValues extends CloudValues {
  readonly version: string
}

/** Rolls back. Left: `Usage` for flags of a deployment, `UNKNOWN_VERSION`, `NOT_DEPLOYED`. */
export const rollBack =
  (values: RollbackValues) =>
  (cli: Cli): TE.TaskEither<CliError, Output> => {
    const wrong = ofDeployments(values).find(([, isGiven]) => isGiven)
    return wrong === undefined
      ? onAgent(cli, values)((work) => rollBackThere(cli, values, work))
      : TE.left(usage(`${wrong[0]} cannot be used with --version, which deploys nothing new`, 'omit one of them'))
  }

const ofDeployments = (values: CloudValues): ReadonlyArray<readonly [flag: string, isGiven: boolean]> => [
  ['--env', values.env.length > 0],
  ['--env-from', values.envFrom.length > 0],
  ['--unset-env', values.unsetEnv.length > 0],
  ['--exclude', values.exclude.length > 0],
  ['--external', values.external.length > 0],
  ['--execution-role', values.executionRole !== undefined],
  ['--local-build', values.localBuild],
  ['--image-tag', values.imageTag !== undefined],
  ['--image-uri', values.imageUri !== undefined],
  ['--adopt', values.adopt !== undefined],
  ['--auto-update-on-conflict', values.autoUpdateOnConflict],
]

const rollBackThere = (cli: Cli, values: RollbackValues, work: CloudWork): TE.TaskEither<CliError, Output> => {
  const { where, which, signal } = work
  return pipe(
    openAccount(cli, values, where.agent),
    TE.bind('settings', ({ place }) =>
      fromHere(TE.fromEither(toSettings(place, { env: [], endpoint: values.endpoint })(where.agent))),
    ),
    TE.bind('versions', ({ account, settings }) =>
      step(cli, 'Looking at what is deployed')(
        fromHere(findVersions(account, settings, where.agent, values.version)),
        ({ current, known }) =>
          `Found ${known.length === 1 ? '1 version' : `${known.length} versions`} of ${current.agentRuntimeId ?? ''}`,
      ),
    ),
    TE.bind('plan', ({ settings, versions }) =>
      fromHere(TE.fromEither(toRollback(settings, values.version, versions))),
    ),
    orCancelled(signal),
    TE.chain(({ account, versions, plan }) =>
      values.dryRun
        ? TE.right(rollbackOutput(plan))
        : pipe(
            plan,
            runPlan(cli, work, { account, zip: new Uint8Array(), runtime: versions.current }),
            TE.map((deployed) => rolledBackOutput(plan, deployed, which)),
          ),
    ),
  )
}
