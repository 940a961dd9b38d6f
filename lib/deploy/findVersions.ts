/** Looks at the versions of a deployed agent, for a roll-back. Changes nothing. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../config/Project'
import { type DeployError, notDeployed } from './failure/DeployError'
import { type Account, findEndpoint, findRuntime } from './findExisting'
import type { DeploySettings } from './plan/DeploySettings'
import type { Versions } from './plan/RollbackPlan'
import type { ExistingRuntime } from './plan/RuntimeRequest'

/** What there is of a deployed agent, and of one version of it. Left: `NotDeployed`. */
export const findVersions = (
  { endpoints, runtimes }: Account,
  settings: DeploySettings,
  agent: AgentConfig,
  version: string,
): TE.TaskEither<DeployError, Versions> =>
  pipe(
    findRuntime(runtimes, agent),
    TE.chain(({ runtime, isKnown }): TE.TaskEither<DeployError, ExistingRuntime> =>
      runtime === undefined || !isKnown ? TE.left(notDeployed(agent.name)) : TE.right(runtime),
    ),
    TE.bindTo('current'),
    TE.bind('known', ({ current }) => runtimes.versions(current.agentRuntimeId ?? '')),
    TE.bind('earlier', ({ current, known }) =>
      known.includes(version) ? runtimes.find(current.agentRuntimeId ?? '', version) : TE.right(undefined),
    ),
    TE.bind('endpoint', ({ current }) => findEndpoint(endpoints, settings.endpoint, current)),
  )
