/** The configured agent of a command, and the session last used with it. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as File from '../../config/File'
import { type AgentConfig, toAgent } from '../../config/Project'
import { type CliError, config } from '../program/CliError'

/** The named agent, or the default one. Left: `Config`. */
export const agentIn = (cwd: string, name: string | undefined): TE.TaskEither<CliError, AgentConfig> =>
  pipe(File.read(cwd), TE.chainEitherK(toAgent(name)), TE.mapLeft(config))

/** The session that was last used with an agent. */
export const savedSession = (agent: AgentConfig | undefined): string | undefined =>
  agent?.bedrock_agentcore?.agent_session_id ?? undefined

/** Saves a session id for the next command; null removes it. Left: `Config`. */
export const saveSession = (cwd: string, name: string, sessionId: string | null): TE.TaskEither<CliError, void> =>
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
