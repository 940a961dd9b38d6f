/** Deploys an agent to AWS: what is to be done is planned first, then done step by step. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../../../config/Project'
import * as O from 'fp-ts/Option'
import { parse } from '../../../core/Arn'
import { adoptRuntime, type Adoption } from '../../../deploy/adoptRuntime'
import { type Account, findExisting } from '../../../deploy/findExisting'
import { toPlan } from '../../../deploy/plan/DeployPlan'
import { toSettings } from '../../../deploy/plan/DeploySettings'
import { openAccount } from '../../cloud/CloudAccount'
import type { Cli, Output } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import { step } from '../../terminal/Progress'
import { passedVariables } from '../EnvFiles'
import { type CloudWork, fromHere, onAgent, orCancelled, runPlan } from './CloudWork'
import { type ImageValues, packageContent, packagesFor, toImageOverrides } from './Content'
import { deployedOutput, planOutput } from './DeployReport'

/** What the command line says. */
export interface CloudValues extends ImageValues {
  readonly agent: string | undefined
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  readonly envFrom: ReadonlyArray<string>
  readonly unsetEnv: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly external: ReadonlyArray<string>
  readonly executionRole: string | undefined
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly autoUpdateOnConflict: boolean
  readonly adopt: string | undefined
  readonly endpoint: string | undefined
}

/** Deploys. */
export const deployCloud =
  (values: CloudValues) =>
  (cli: Cli): TE.TaskEither<CliError, Output> =>
    onAgent(cli, values)((work) => deployThere(cli, values, work))

const deployThere = (cli: Cli, values: CloudValues, work: CloudWork): TE.TaskEither<CliError, Output> => {
  const { where, which, signal } = work
  return pipe(
    toImageOverrides(cli, where.agent, values),
    TE.bindTo('image'),
    TE.chain((given) => {
      const flags = { ...values, region: values.region ?? regionOf(values.adopt) }
      return pipe(
        openAccount(cli, flags, where.agent, packagesFor(where.agent, given.image)),
        TE.map((cloud) => ({ ...cloud, ...given })),
      )
    }),
    TE.bind('env', () => passedVariables(cli.cwd, values.envFrom, values.env)),
    TE.bind('agent', ({ account }) => adopted(cli, values, account, where.agent)),
    TE.bind('settings', ({ place, env, image, agent }) =>
      fromHere(TE.fromEither(toSettings(place, { ...values, env, image })(agent))),
    ),
    TE.bind('code', ({ settings }) => packageContent(cli, settings.image, { ...values, where, signal })),
    orCancelled(signal),
    TE.bind('existing', ({ account, settings, code, agent }) =>
      step(cli, 'Looking at what is deployed')(fromHere(findExisting(account, settings, code, agent)), ({ runtime }) =>
        runtime === undefined
          ? 'Nothing is deployed yet'
          : `Found version ${runtime.agentRuntimeVersion ?? ''} of ${runtime.agentRuntimeId ?? ''}`,
      ),
    ),
    TE.bind('plan', ({ settings, code, existing, agent }) => {
      const options = { updatesOnConflict: values.autoUpdateOnConflict, adopts: isOther(where.agent, agent) }
      return fromHere(TE.fromEither(toPlan(options)(settings, code, existing)))
    }),
    orCancelled(signal),
    TE.chain(({ account, code, existing, plan }) =>
      values.dryRun
        ? TE.right(planOutput(plan))
        : pipe(
            plan,
            runPlan(cli, work, { account, zip: code.zip, engine: code.engine, runtime: existing.runtime }),
            TE.map((deployed) => deployedOutput(plan, deployed, which)),
          ),
    ),
  )
}

/** A runtime that is adopted is where its ARN says. */
const regionOf = (arn: string | undefined): string | undefined =>
  pipe(
    parse(arn ?? ''),
    O.match(
      () => undefined,
      ({ region }) => region,
    ),
  )

/** The agent with what an adopted runtime says; unchanged if nothing is adopted. */
const adopted = (
  cli: Cli,
  { adopt, autoUpdateOnConflict, executionRole }: CloudValues,
  { runtimes }: Account,
  agent: AgentConfig,
): TE.TaskEither<CliError, AgentConfig> => {
  const adoption: Adoption | undefined =
    adopt !== undefined ? { _tag: 'ByArn', arn: adopt } : autoUpdateOnConflict ? { _tag: 'ByName' } : undefined
  return adoption === undefined
    ? TE.right(agent)
    : step(cli, 'Looking for the agent runtime')(fromHere(adoptRuntime(runtimes, agent, adoption)), (found) =>
        isOther(agent, found)
          ? `Adopting ${found.bedrock_agentcore?.agent_id ?? ''}${executionRole === undefined ? ' with its role' : ''}`
          : '',
      )
}

const isOther = (before: AgentConfig, after: AgentConfig): boolean =>
  before.bedrock_agentcore?.agent_id !== after.bedrock_agentcore?.agent_id
