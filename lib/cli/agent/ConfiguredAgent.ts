/** The agent of a command, configured or found by its entry point, and the session last used with it. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as File from '../../config/File'
import { type AgentConfig, toAgent } from '../../config/Project'
import { agentsIn, mustBeNamed } from '../entry/EntryAgent'
import { saveEntrySession } from '../entry/EntrySession'
import { type CliError, config } from '../program/CliError'

/** The named agent, or the default one; without a configuration, the one whose entry point is found. Left: `Config`. */
export const agentIn = (cwd: string, name: string | undefined): TE.TaskEither<CliError, AgentConfig> =>
  pipe(
    agentsIn(cwd),
    TE.chainEitherK(mustBeNamed(name)),
    TE.chainEitherK((project) => pipe(toAgent(name)(project), E.mapLeft(config))),
  )

/** The session that was last used with an agent. */
export const savedSession = (agent: AgentConfig | undefined): string | undefined =>
  agent?.bedrock_agentcore?.agent_session_id ?? undefined

/** Saves a session id for the next command, in the configuration if there is one; null removes it. Left: `Config`, `Failed`. */
export const saveSession = (cwd: string, name: string, sessionId: string | null): TE.TaskEither<CliError, void> =>
  pipe(
    File.read(cwd),
    TE.matchEW(
      (error) => (error._tag === 'NoFile' ? saveEntrySession(cwd, name, sessionId) : TE.left(config(error))),
      () => saveInConfiguration(cwd, name, sessionId),
    ),
  )

const saveInConfiguration = (cwd: string, name: string, sessionId: string | null): TE.TaskEither<CliError, void> =>
  pipe(
    File.update(
      cwd,
      config,
    )((project) =>
      pipe(
        toAgent(name)(project),
        E.bimap(config, () => ({
          changes: [{ path: ['agents', name, 'bedrock_agentcore', 'agent_session_id'], value: sessionId }],
          value: undefined,
        })),
      ),
    ),
    TE.map(() => undefined),
  )
