/** The agent that a command means, and where its files are. */
import { resolve } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../config/Project'
import { agentIn } from './agent/Agent'
import type { CliError } from './CliError'

/** An agent of the folder that a command runs in. Paths are absolute. */
export interface AgentFolder {
  readonly agent: AgentConfig
  /** The folder of the command, which holds `.bedrock_agentcore.yaml`. */
  readonly folder: string
  /** The folder of the agent's package. */
  readonly package: string
  /** The entry point. */
  readonly file: string
  /** What commands keep of the agent. */
  readonly state: string
}

/** The agent of that name, or the default one. */
export const agentFolder = (cwd: string, name: string | undefined): TE.TaskEither<CliError, AgentFolder> =>
  pipe(
    agentIn(cwd, name),
    TE.map((agent) => ({
      agent,
      folder: cwd,
      package: resolve(cwd, agent.source_path ?? '.'),
      file: resolve(cwd, agent.entrypoint),
      state: resolve(cwd, '.bedrock_agentcore', agent.name),
    })),
  )
