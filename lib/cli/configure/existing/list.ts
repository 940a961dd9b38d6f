/** Runs `agentcore configure list`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as File from '../../../config/File'
import { type AgentConfig, toAgent, toDeploymentType, type Project } from '../../../config/Project'
import * as E from 'fp-ts/Either'
import type { Output } from '../../program/Cli'
import { config } from '../../program/CliError'
import type { Run } from '../../program/Command'

const row = (agent: AgentConfig): Readonly<Record<string, unknown>> => ({
  name: agent.name,
  entrypoint: agent.entrypoint,
  deploymentType: toDeploymentType(agent),
  region: agent.aws?.region ?? null,
  arn: agent.bedrock_agentcore?.agent_arn ?? null,
})

const output = (project: Project): Output => {
  const agents = Object.values(project.agents)
  const chosen = pipe(
    toAgent()(project),
    E.match(
      () => undefined,
      ({ name }) => name,
    ),
  )
  const width = Math.max(0, ...agents.map(({ name }) => name.length))
  return {
    json: { default: chosen ?? null, agents: agents.map(row) },
    text: ({ bold, dim }) =>
      agents
        .map((agent) => {
          const mark = agent.name === chosen ? '* ' : '  '
          return `${mark}${bold(agent.name.padEnd(width))}  ${agent.entrypoint}  ${dim(toDeploymentType(agent))}`
        })
        .join('\n'),
  }
}

/** Lists the agents. */
export const run: Run<unknown> = () => (cli) => pipe(File.read(cli.cwd), TE.bimap(config, output))
