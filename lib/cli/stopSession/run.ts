/** Runs `agentcore stop-session`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stopSession } from '../../client/operation/StopSession'
import type { AgentConfig } from '../../config/Project'
import { agentIn, saveSession, savedSession } from '../agent/ConfiguredAgent'
import { failure, withEnvironment } from '../agent/Caller'
import { toName, type AgentLocation, locateAgent } from '../agent/AgentLocation'
import type { Cli, Output } from '../program/Cli'
import { type CliError, failed } from '../program/CliError'
import type { Run } from '../program/Command'
import type { StopSessionFlags } from '../status/flags'

const noSession = (name: string): CliError =>
  failed('NO_SESSION', `${name} has no saved session`, 'pass --session-id, or invoke the agent first')

/** Stops it; false if it was gone already. */
const stopped = (
  cli: Cli,
  reach: AgentLocation,
  agent: AgentConfig,
  flags: StopSessionFlags,
  id: string,
): TE.TaskEither<CliError, boolean> =>
  withEnvironment(
    cli,
    reach,
    agent,
    flags,
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
  (name: string, reach: AgentLocation, sessionId: string) =>
  (isStopped: boolean): Output => ({
    json: { agent: name, target: toName(reach), sessionId, stopped: isStopped, statusCode: isStopped ? 200 : 404 },
    text: ({ bold }) =>
      isStopped
        ? `Stopped session ${bold(sessionId)}`
        : `Session ${bold(sessionId)} was not found; it may have ended already`,
  })

/** Stops a session; the file forgets it if it was the last one. */
export const run: Run<StopSessionFlags> = (flags) => (cli) =>
  pipe(
    agentIn(cli.cwd, flags.agent),
    TE.bindTo('agent'),
    TE.bind('id', ({ agent }) => {
      const id = flags.sessionId ?? savedSession(agent)
      return id === undefined ? TE.left(noSession(agent.name)) : TE.right(id)
    }),
    TE.bind('reach', ({ agent }) => locateAgent(cli.cwd, agent, { isLocal: flags.local })),
    TE.chain(({ agent, id, reach }) =>
      pipe(
        stopped(cli, reach, agent, flags, id),
        TE.chainFirst(() =>
          savedSession(agent) === id ? saveSession(cli.cwd, agent.name, null) : TE.right(undefined),
        ),
        TE.map(output(agent.name, reach, id)),
      ),
    ),
  )
