/**
 * Adopts an agent runtime that this project has not deployed: by its ARN, or by the name of the agent. What the configuration
 * does not say is read from the runtime, its execution role above all, so that an update takes nothing away from it.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { type AgentConfig, isSet } from '../config/Project'
import { isRuntimeId, parse } from '../core/Arn'
import type { Runtimes } from './aws/Runtimes'
import { type DeployError, invalidSettings, runtimeMissing } from './failure/DeployError'
import type { ExistingRuntime } from './plan/RuntimeRequest'

/** How the runtime is found. */
export type Adoption = { readonly _tag: 'ByArn'; readonly arn: string } | { readonly _tag: 'ByName' }

/**
 * The agent, filled in from the runtime that it adopts. By name, it stays unchanged if no such runtime exists or if it
 * already has one.
 */
export const adoptRuntime = (
  runtimes: Runtimes,
  agent: AgentConfig,
  adoption: Adoption,
): TE.TaskEither<DeployError, AgentConfig> => {
  const known = agent.bedrock_agentcore?.agent_id ?? ''
  const isThere = known === '' ? TE.right(undefined) : runtimes.find(known)
  switch (adoption._tag) {
    case 'ByName':
      return pipe(
        isThere,
        TE.chain((found) => (found === undefined ? runtimes.findByName(agent.name) : TE.right(undefined))),
        TE.chain((id) => (id === undefined ? TE.right(undefined) : runtimes.find(id))),
        TE.map((found) => (found === undefined || found.status === 'DELETING' ? agent : withRuntime(agent, found))),
      )
    case 'ByArn':
      return pipe(
        TE.fromEither(toRuntimeId(adoption.arn)),
        TE.chain((id) =>
          pipe(
            known === id ? TE.right(undefined) : isThere,
            TE.filterOrElse(
              (found) => found === undefined,
              () => alreadyDeployed(agent.name, known),
            ),
            TE.chain(() => runtimes.find(id)),
          ),
        ),
        TE.filterOrElse(
          (found): found is ExistingRuntime => found !== undefined,
          () => runtimeMissing(adoption.arn),
        ),
        TE.map((found) => withRuntime(agent, found)),
      )
  }
}

/** The id in the ARN of a runtime. Left: `InvalidSettings`. */
export const toRuntimeId = (arn: string): E.Either<DeployError, string> =>
  pipe(
    parse(arn),
    O.map(({ resource }) => resource.replace(/^runtime\//, '')),
    O.filter(isRuntimeId),
    E.fromOption(() =>
      invalidSettings(
        '--adopt',
        `${JSON.stringify(arn)} is not the ARN of an agent runtime`,
        'pass one such as arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/hello-AbCdEf1234',
      ),
    ),
  )

const alreadyDeployed = (agent: string, id: string): DeployError =>
  invalidSettings(
    '--adopt',
    `${agent} is deployed already, as ${id}`,
    'run agentcore destroy first, or configure another agent for the runtime',
  )

const withRuntime = (agent: AgentConfig, runtime: ExistingRuntime): AgentConfig => {
  const role = agent.aws?.execution_role
  return {
    ...agent,
    aws: { ...agent.aws, execution_role: isSet(role) && role !== '' ? role : runtime.roleArn },
    bedrock_agentcore: {
      ...agent.bedrock_agentcore,
      agent_id: runtime.agentRuntimeId,
      agent_arn: runtime.agentRuntimeArn,
    },
  }
}
