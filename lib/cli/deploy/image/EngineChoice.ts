/** Chooses the container engine of an agent: the configured one, else the first that works. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentFolder } from '../../agent/AgentFolder'
import { type Engine, findEngine } from '../../container/Engine'
import { type EngineName, engineNames } from '../../container/EngineError'
import type { Cli } from '../../program/Cli'
import { type CliError, usage } from '../../program/CliError'
import { fromEngine } from '../../terminal/Failures'
import { step } from '../../terminal/Progress'

/** The engine of an agent. Left: `Usage` for an unknown one, `NO_ENGINE`, `ENGINE_UNUSABLE`. */
export const engineFor = (cli: Cli, { agent }: AgentFolder): TE.TaskEither<CliError, Engine> => {
  const name = agent.container_runtime
  if (name !== undefined && name !== null && name !== '' && name.toLowerCase() !== 'none' && !isEngine(name)) {
    return TE.left(usage(`Unknown container engine: ${name}`, `set --container-runtime to ${engineNames.join(' or ')}`))
  }
  return step(cli, 'Looking for a container engine')(
    pipe(findEngine(isEngine(name) ? name : undefined), TE.mapLeft(fromEngine(cli))),
    (engine) => `Using ${engine.name} (${engine.arch})`,
  )
}

const isEngine = (name: unknown): name is EngineName => engineNames.some((known) => known === name)
