/** Resolves the agent of a command and the paths of its files. */
import { resolve } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { malformed, unreadable } from '../../config/ConfigError'
import { stateFolder } from '../../node/file/PrivateFile'
import { type AgentConfig, fileName } from '../../config/Project'
import { realWithin } from '../../node/file/Within'
import { agentAt, agentsIn, isNoFile, noAgent } from '../entry/EntryAgent'
import { type Cli, note } from '../program/Cli'
import { type CliError, config, usage } from '../program/CliError'
import { agentIn } from './ConfiguredAgent'

/** An agent of the folder that a command runs in. Paths are absolute. */
export interface AgentFolder {
  readonly agent: AgentConfig
  /** The folder of the command, which holds `.bedrock_agentcore.yaml`. */
  readonly folder: string
  /** The folder of the agent's package. */
  readonly package: string
  /** The entry point. */
  readonly file: string
  /** Where commands store the state of the agent. */
  readonly state: string
}

/** Resolves a path of the file. Left: it leads outside the folder, directly or through a symbolic link. */
const pathIn = (cwd: string, agent: string, field: string, value: string): TE.TaskEither<CliError, string> => {
  const path = resolve(cwd, value)
  return pipe(
    TE.tryCatch(
      () => realWithin(cwd, path),
      (cause) => config(unreadable(value, cause)),
    ),
    TE.chainEitherK((isInside) =>
      isInside
        ? E.right(path)
        : E.left(
            config(
              malformed(fileName, [
                {
                  path: `agents.${agent}.${field}`,
                  message: `${value} is outside ${cwd}: use a path inside that folder, or move the file to a folder that contains both`,
                  line: undefined,
                },
              ]),
            ),
          ),
    ),
  )
}

/** The paths of an agent. Left: `Config`, for paths that lead outside the folder. */
const withPaths =
  (cwd: string) =>
  (agent: AgentConfig): TE.TaskEither<CliError, AgentFolder> =>
    pipe(
      TE.Do,
      TE.bind('package', () => pathIn(cwd, agent.name, 'source_path', agent.source_path ?? '.')),
      TE.bind('file', () => pathIn(cwd, agent.name, 'entrypoint', agent.entrypoint)),
      TE.map((found) => ({ ...found, agent, folder: cwd, state: resolve(cwd, stateFolder, agent.name) })),
    )

/** Which agent a command is about: a configured one by its name, or any one by its entry point. */
export interface AgentChoice {
  readonly agent: string | undefined
  readonly entrypoint?: string | undefined
}

/** Says which file is used if no configuration does. */
const noteEntry =
  (cli: Cli) =>
  ({ agent }: AgentFolder): Task<void> =>
  async () => {
    const found = await agentsIn(cli.cwd)()
    if (E.isLeft(found) || found.right.isConfigured) return
    await note(({ dim }) => dim(`Using ${agent.entrypoint} (no ${fileName}; agentcore configure creates one)`))(cli)
  }

/**
 * Finds the chosen agent, or the default one. Without a configuration it is the one whose entry point is found in the
 * folder, and a line says so. Left: `Usage` where there is none, `Config`, also for paths that lead outside the folder.
 */
export const agentFolder = (cli: Cli, { agent, entrypoint }: AgentChoice): TE.TaskEither<CliError, AgentFolder> => {
  if (agent !== undefined && entrypoint !== undefined)
    return TE.left(usage('--agent and --entrypoint: use only one of them', 'pass one of them'))
  if (entrypoint !== undefined) return pipe(agentAt(cli.cwd, entrypoint), TE.chain(withPaths(cli.cwd)))
  return pipe(
    agentIn(cli.cwd, agent),
    TE.mapLeft((error) => (agent === undefined && isNoFile(error) ? noAgent : error)),
    TE.chain(withPaths(cli.cwd)),
    TE.chainFirstTaskK(noteEntry(cli)),
  )
}
