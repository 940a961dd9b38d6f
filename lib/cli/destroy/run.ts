/** Runs `agentcore destroy`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type AgentConfig, toDeploymentType } from '../../config/Project'
import { systemPause } from '../../deploy/aws/Waiting'
import { buildPackages } from '../../deploy/build/BuildClients'
import { destroyAgent, type DestroyStopped, findRemains } from '../../deploy/destroyAgent'
import { saveChanges, toForgotten } from '../../deploy/DeployState'
import { type Removal, removalText, toRemovals } from '../../deploy/plan/DestroyPlan'
import { toSettings } from '../../deploy/plan/DeploySettings'
import { agentFolder } from '../agent/AgentFolder'
import { openAccount } from '../cloud/CloudAccount'
import { fromDeploy } from '../cloud/CloudFailure'
import { loadPrompts } from '../configure/prompts'
import { canAsk, type Cli, type Output } from '../program/Cli'
import { cancelled, type CliError, unexpected, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import { printLine, showProgress, step } from '../terminal/Progress'

/** The values of its flags. */
export interface DestroyValues {
  readonly agent: string | undefined
  readonly dryRun: boolean
  readonly force: boolean
  readonly region: string | undefined
  readonly profile: string | undefined
}

/** Destroys. */
export const run: Run<DestroyValues> = (values) => (cli) => {
  const breaking = new AbortController()
  const work = pipe(
    agentFolder(cli, { agent: values.agent }),
    TE.bindTo('where'),
    TE.bind('cloud', ({ where }) => openAccount(cli, values, where.agent, packagesOf(where.agent))),
    TE.bind('settings', ({ where, cloud }) =>
      pipe(
        TE.fromEither(toSettings(cloud.place, { env: [] })(where.agent)),
        TE.mapLeft((error) => fromDeploy(error)),
      ),
    ),
    TE.bind('removals', ({ where, cloud, settings }) =>
      step(cli, 'Looking at what is deployed')(
        pipe(
          findRemains(cloud.account, settings, where.agent),
          TE.bimap(
            (error) => fromDeploy(error),
            (remains) => toRemovals(settings, remains),
          ),
        ),
        () => '',
      ),
    ),
    TE.chain(({ where: { agent, folder }, cloud, settings, removals }) => {
      if (values.dryRun) return TE.right(planned(agent.name, removals))
      const forget = pipe(
        saveChanges(folder, agent.name)(() => toForgotten(agent.name, settings)),
        TE.mapLeft((error) => fromDeploy(error)),
      )
      return pipe(
        removals.length === 0 ? TE.right(true) : confirmed(cli, values, agent.name, removals),
        TE.filterOrElse(
          (is) => is && !breaking.signal.aborted,
          () => cancelled,
        ),
        TE.chain(() =>
          pipe(
            destroyAgent({
              account: cloud.account,
              wait: { pause: systemPause, signal: breaking.signal },
              onRemoval: (removal, isDone) =>
                isDone
                  ? printLine(sentence(removalText(removal)), 'done')(cli)
                  : showProgress(sentence(removalText(removal)))(cli),
            })(removals),
            TE.mapLeft(stopped),
          ),
        ),
        TE.chainFirst(() => forget),
        TE.map((done) => destroyed(agent.name, done)),
      )
    }),
  )
  return async () => {
    const off = cli.onSignal(() => breaking.abort())
    try {
      return await work()
    } finally {
      off()
    }
  }
}

/** What was built for a container is in other services too. */
const packagesOf = (agent: AgentConfig): ReadonlyArray<string> =>
  toDeploymentType(agent) === 'container' ? buildPackages : []

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const lines = (removals: ReadonlyArray<Removal>): ReadonlyArray<string> =>
  removals.map((removal) => `  ${removalText(removal)}`)

const toDocument = (removals: ReadonlyArray<Removal>): unknown =>
  removals.map((removal) => ({ ...removal, about: removalText(removal) }))

const nothing = (agent: string): string => `Nothing of ${agent} is deployed`

const planned = (agent: string, removals: ReadonlyArray<Removal>): Output => ({
  json: { dryRun: true, agent, removals: toDocument(removals) },
  text: ({ bold }) =>
    removals.length === 0 ? nothing(agent) : [bold(`Destroying ${agent} would:`), ...lines(removals)].join('\n'),
})

const destroyed = (agent: string, done: ReadonlyArray<Removal>): Output => ({
  json: { agent, removed: toDocument(done) },
  text: () => (done.length === 0 ? nothing(agent) : `${agent} is no longer deployed; its configuration stays`),
})

/** Whether the user wants it. Left: `Usage` where nobody can be asked. */
const confirmed = (
  cli: Cli,
  { force }: DestroyValues,
  agent: string,
  removals: ReadonlyArray<Removal>,
): TE.TaskEither<CliError, boolean> => {
  if (force) return TE.right(true)
  if (!canAsk(cli))
    return TE.left(usage('destroy asks first, and nobody can answer here', 'pass --force, or --dry-run'))
  return TE.tryCatch(
    async () => {
      const prompts = await loadPrompts()
      prompts.show([`Destroying ${agent} will:`, ...lines(removals)].join('\n'))
      return prompts.confirm('Remove all of this?', false)
    },
    (cause) => (cause === cancelled ? cancelled : unexpected(cause)),
  )
}

const stopped = ({ error, done, pending }: DestroyStopped): CliError =>
  fromDeploy(error, [
    ...(done.length === 0 ? [] : ['Removed:', ...lines(done)]),
    'Not removed:',
    ...lines(pending),
    'agentcore destroy goes on from here',
  ])
