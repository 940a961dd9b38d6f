/** An agent without a configuration: its entry point is looked for in the folder, as `agentcore configure` does. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { noFile } from '../../config/ConfigError'
import * as File from '../../config/File'
import { type AgentConfig, fileName, type Project } from '../../config/Project'
import { type CliError, config, usage } from '../program/CliError'
import { type Entry, findEntry, suggestedName } from './EntryFile'
import { readEntrySession } from './EntrySession'

/** The agent of an entry point, with the settings that `agentcore configure` would choose. */
export const toEntryAgent = (entry: Entry): AgentConfig => ({
  name: suggestedName(entry, undefined),
  language: 'typescript',
  entrypoint: entry.file,
  source_path: entry.sourcePath,
  node_version: entry.nodeVersion,
  deployment_type: entry.hasDockerfile ? 'container' : 'direct_code_deploy',
})

/** The agents of a folder. */
export interface FolderAgents {
  readonly project: Project
  /** False if there is no file, and the only agent is the one whose entry point was found. */
  readonly isConfigured: boolean
}

/** The configured agents of a folder, else the one of the entry point that is found there. Left: `Config`, also if there is neither. */
export const agentsIn = (cwd: string): TE.TaskEither<CliError, FolderAgents> =>
  pipe(
    File.read(cwd),
    TE.map((project): FolderAgents => ({ project, isConfigured: true })),
    TE.orElse((error) =>
      error._tag !== 'NoFile'
        ? TE.left(config(error))
        : pipe(
            findEntry(cwd, undefined),
            TE.bimap(
              () => config(error),
              (entry): FolderAgents => {
                const found = toEntryAgent(entry)
                const sessionId = readEntrySession(cwd, found.name)
                const agent =
                  sessionId === undefined ? found : { ...found, bedrock_agentcore: { agent_session_id: sessionId } }
                return { project: { agents: { [agent.name]: agent }, default_agent: agent.name }, isConfigured: false }
              },
            ),
          ),
    ),
  )

/** The agent with this entry point: the configured one, else the configured one of its name with it, else a new one. */
export const agentAt = (cwd: string, entrypoint: string): TE.TaskEither<CliError, AgentConfig> =>
  pipe(
    findEntry(cwd, entrypoint),
    TE.bindTo('entry'),
    TE.bind('project', () =>
      pipe(
        File.read(cwd),
        TE.orElse((error) => (error._tag === 'NoFile' ? TE.right<never, Project>({ agents: {} }) : TE.left(error))),
        TE.mapLeft(config),
      ),
    ),
    TE.map(({ entry, project }) => {
      const agents = Object.values(project.agents)
      const same = agents.filter((agent) => agent.entrypoint === entry.file)
      if (same.length === 1 && same[0] !== undefined) return same[0]
      const fresh = toEntryAgent(entry)
      const named = agents.find(({ name }) => name === fresh.name)
      return named === undefined ? fresh : { ...named, entrypoint: fresh.entrypoint, source_path: sourcePathOf(fresh) }
    }),
  )

const sourcePathOf = ({ source_path: path }: AgentConfig): string => path ?? '.'

/** There is neither a configuration nor an entry point. */
export const noAgent: CliError = usage(
  `No agent found in this folder: there is neither ${fileName} nor an entry point such as agent.ts or src/index.ts`,
  'create one, or run agentcore configure --entrypoint FILE',
)

/** Whether a failure is that there is nothing to configure an agent from. */
export const isNoFile = (error: CliError): boolean => error._tag === 'Config' && error.error._tag === 'NoFile'

/** Without a configuration, an agent of another name is one that is not configured. */
export const mustBeNamed =
  (name: string | undefined) =>
  ({ project, isConfigured }: FolderAgents): E.Either<CliError, Project> =>
    isConfigured || name === undefined || Object.hasOwn(project.agents, name)
      ? E.right(project)
      : E.left(config(noFile(fileName)))
