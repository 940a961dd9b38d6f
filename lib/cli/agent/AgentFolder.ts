/** Resolves the agent of a command and the paths of its files. */
import { resolve } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { malformed, unreadable } from '../../config/ConfigError'
import { stateFolder } from '../../node/file/PrivateFile'
import { type AgentConfig, fileName } from '../../config/Project'
import { agentIn } from './ConfiguredAgent'
import { type CliError, config } from '../program/CliError'
import { realWithin } from './Within'

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

/** Finds the named agent, or the default one. Left: `Config`, also for paths that lead outside the folder. */
export const agentFolder = (cwd: string, name: string | undefined): TE.TaskEither<CliError, AgentFolder> =>
  pipe(
    agentIn(cwd, name),
    TE.bindTo('agent'),
    TE.bind('package', ({ agent }) => pathIn(cwd, agent.name, 'source_path', agent.source_path ?? '.')),
    TE.bind('file', ({ agent }) => pathIn(cwd, agent.name, 'entrypoint', agent.entrypoint)),
    TE.map((found) => ({ ...found, folder: cwd, state: resolve(cwd, stateFolder, found.agent.name) })),
  )
