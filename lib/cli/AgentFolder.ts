/** The agent that a command means, and where its files are. */
import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stateFolder } from '../config/Private'
import type { AgentConfig } from '../config/Project'
import { agentIn } from './agent/Agent'
import { type CliError, failed } from './CliError'

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

/** Where a path leads; what is not there leads nowhere else. */
const real = (path: string): Promise<string> => realpath(path).catch(() => path)

/** Commands build, run and write in these places: a file of agents must not name others. */
const checked =
  (cwd: string) =>
  (where: AgentFolder): TE.TaskEither<CliError, AgentFolder> =>
    pipe(
      TE.fromTask(async () => {
        const folder = await real(cwd)
        const places = [
          ['source_path', where.package],
          ['entrypoint', where.file],
        ] as const
        for (const [field, path] of places) {
          const way = relative(folder, await real(path))
          if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return field
        }
        return undefined
      }),
      TE.chain((field) =>
        field === undefined
          ? TE.right(where)
          : TE.left(
              failed(
                'OUTSIDE',
                `The ${field} of ${where.agent.name} is outside of this folder`,
                'name one below the folder of .bedrock_agentcore.yaml',
              ),
            ),
      ),
    )

/** The agent of that name, or the default one. Left `OUTSIDE` where its files are not below the folder. */
export const agentFolder = (cwd: string, name: string | undefined): TE.TaskEither<CliError, AgentFolder> =>
  pipe(
    agentIn(cwd, name),
    TE.map((agent): AgentFolder => ({
      agent,
      folder: cwd,
      package: resolve(cwd, agent.source_path ?? '.'),
      file: resolve(cwd, agent.entrypoint),
      state: resolve(cwd, stateFolder, agent.name),
    })),
    TE.chain(checked(cwd)),
  )
