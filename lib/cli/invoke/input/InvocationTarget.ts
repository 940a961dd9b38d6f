/** The agent that is invoked, where it is, and in which session. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../../../config/Project'
import { agentIn, keepSession, keptSession } from '../../agent/ConfiguredAgent'
import { dev, type Reach, locateAgent } from '../../agent/AgentLocation'
import { type Cli, note } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import type { Wishes } from './flags'

/** The agent and where it is. `--dev` needs no file; where there is one, it keeps the session. */
export interface Meant {
  readonly agent: AgentConfig | undefined
  readonly reach: Reach
}

/** Which agent the flags mean. Left: `Config`, `Failed`. */
export const meantBy = (cli: Cli, wishes: Wishes): TE.TaskEither<CliError, Meant> => {
  if (!wishes.dev)
    return pipe(
      agentIn(cli.cwd, wishes.agent),
      TE.bindTo('agent'),
      TE.bind('reach', ({ agent }) => locateAgent(cli.cwd, agent, { isLocal: wishes.local })),
    )
  return pipe(
    agentIn(cli.cwd, wishes.agent),
    TE.map((agent): AgentConfig | undefined => agent),
    TE.orElse((error) => (wishes.agent === undefined ? TE.right(undefined) : TE.left(error))),
    TE.map((agent) => ({ agent, reach: dev(wishes.port) })),
  )
}

/** The session of this call: the wished one, the last one, or a new one. */
export const toSession = (cli: Cli, { sessionId, newSession }: Wishes, agent: AgentConfig | undefined): string =>
  sessionId ?? (newSession ? undefined : keptSession(agent)) ?? cli.newId()

/** Keeps the session for the next call; that it cannot be kept is no failure of this one. */
export const keep =
  (cli: Cli, agent: AgentConfig | undefined) =>
  (sessionId: string): TE.TaskEither<CliError, void> =>
    agent === undefined || keptSession(agent) === sessionId
      ? TE.right(undefined)
      : pipe(
          keepSession(cli.cwd, agent.name, sessionId),
          TE.orElseW(() =>
            TE.fromTask(() => note(({ yellow }) => yellow('The session id could not be saved for the next call'))(cli)),
          ),
        )
