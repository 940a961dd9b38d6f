/** What `agentcore stop-session` does. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stopSession } from '../../client/operation/StopSession'
import type { AgentConfig } from '../../config/Project'
import { agentIn, keepSession, keptSession } from '../agent/ConfiguredAgent'
import { failure, withEnvironment } from '../agent/Caller'
import { toName, type Reach, locateAgent } from '../agent/AgentLocation'
import type { Cli, Output } from '../program/Cli'
import { type CliError, failed } from '../program/CliError'
import type { Run } from '../program/Command'
import type { StopSessionWishes as Wishes } from '../status/flags'

const noSession = (name: string): CliError =>
  failed('NO_SESSION', `${name} has no saved session`, 'pass --session-id, or invoke the agent first')

/** Stops it; false if it was gone already. */
const stopped = (
  cli: Cli,
  reach: Reach,
  agent: AgentConfig,
  wishes: Wishes,
  id: string,
): TE.TaskEither<CliError, boolean> =>
  withEnvironment(
    cli,
    reach,
    agent,
    wishes,
  )((env) =>
    pipe(
      stopSession(id)(env),
      TE.map(() => true),
      TE.orElse((error) =>
        error._tag === 'ResourceNotFoundException' ? TE.right(false) : TE.left(failure(reach)(error)),
      ),
    ),
  )

const output =
  (name: string, reach: Reach, sessionId: string) =>
  (isStopped: boolean): Output => ({
    json: { agent: name, target: toName(reach), sessionId, stopped: isStopped, statusCode: isStopped ? 200 : 404 },
    text: ({ bold }) =>
      isStopped
        ? `Stopped session ${bold(sessionId)}`
        : `Session ${bold(sessionId)} was not found; it may have ended already`,
  })

/** Stops a session; the file forgets it if it was the last one. */
export const run: Run<Wishes> = (wishes) => (cli) =>
  pipe(
    agentIn(cli.cwd, wishes.agent),
    TE.bindTo('agent'),
    TE.bind('id', ({ agent }) => {
      const id = wishes.sessionId ?? keptSession(agent)
      return id === undefined ? TE.left(noSession(agent.name)) : TE.right(id)
    }),
    TE.bind('reach', ({ agent }) => locateAgent(cli.cwd, agent, { isLocal: wishes.local })),
    TE.chain(({ agent, id, reach }) =>
      pipe(
        stopped(cli, reach, agent, wishes, id),
        TE.chainFirst(() => (keptSession(agent) === id ? keepSession(cli.cwd, agent.name, null) : TE.right(undefined))),
        TE.map(output(agent.name, reach, id)),
      ),
    ),
  )
