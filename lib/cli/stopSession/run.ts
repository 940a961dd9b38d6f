/** Runs `agentcore stop-session`. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { stopSession } from '../../client/operation/StopSession'
import type { AgentConfig } from '../../config/Project'
import { agentIn, saveSession, savedSession } from '../agent/ConfiguredAgent'
import { failure, toCalled, withEnvironment } from '../agent/Caller'
import { toName, type AgentLocation, locateAgent } from '../agent/AgentLocation'
import type { Cli, Output } from '../program/Cli'
import { type CliError, failed, usage } from '../program/CliError'
import type { Run } from '../program/Command'
import type { StopSessionFlags } from '../status/flags'

/** A session and where it runs. */
interface SessionTarget {
  readonly agent: AgentConfig | undefined
  readonly reach: AgentLocation
  readonly id: string
}

const wrongTogether = (flags: StopSessionFlags): string | undefined => {
  if (flags.arn !== undefined && flags.local) return '--local and --arn: use only one of them'
  if (flags.arn !== undefined && flags.agent !== undefined) return '--agent and --arn: use only one of them'
  if (flags.endpoint !== undefined && flags.local) return '--local and --endpoint: use only one of them'
  return flags.arn !== undefined && flags.sessionId === undefined ? '--arn: requires --session-id' : undefined
}

const noSession = (name: string): CliError =>
  failed('NO_SESSION', `${name} has no saved session`, 'pass --session-id, or invoke the agent first')

const locate = (cli: Cli, flags: StopSessionFlags): TE.TaskEither<CliError, SessionTarget> => {
  const { arn, endpoint, sessionId } = flags
  if (arn !== undefined)
    return TE.right({ agent: undefined, reach: { _tag: 'Deployed', arn, endpoint }, id: sessionId ?? '' })
  return pipe(
    agentIn(cli.cwd, flags.agent),
    TE.bindTo('agent'),
    TE.bind('id', ({ agent }) => {
      const id = sessionId ?? savedSession(agent)
      return id === undefined ? TE.left(noSession(agent.name)) : TE.right(id)
    }),
    TE.bind('reach', ({ agent }) => locateAgent(cli.cwd, agent, { isLocal: flags.local, endpoint })),
  )
}

/** Stops it; false if it was gone already. */
const stopped = (
  cli: Cli,
  { agent, reach, id }: SessionTarget,
  flags: StopSessionFlags,
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
        error._tag === 'ResourceNotFoundException'
          ? TE.right(false)
          : TE.left(failure(reach, toCalled(cli, reach, agent, flags))(error)),
      ),
    ),
  )

const output =
  ({ agent, reach, id }: SessionTarget) =>
  (isStopped: boolean): Output => ({
    json: {
      agent: agent?.name ?? null,
      target: toName(reach),
      sessionId: id,
      stopped: isStopped,
      statusCode: isStopped ? 200 : 404,
    },
    text: ({ bold }) =>
      isStopped ? `Stopped session ${bold(id)}` : `Session ${bold(id)} was not found; it may have ended already`,
  })

/** The file forgets a session that has ended. */
const forget = (cli: Cli, { agent, id }: SessionTarget): TE.TaskEither<CliError, void> =>
  agent !== undefined && savedSession(agent) === id ? saveSession(cli.cwd, agent.name, null) : TE.right(undefined)

/** Stops a session; the file forgets it if it was the last one. */
export const run: Run<StopSessionFlags> = (flags) => (cli) => {
  const fault = wrongTogether(flags)
  return fault !== undefined
    ? TE.left(usage(fault, 'see agentcore stop-session --help'))
    : pipe(
        locate(cli, flags),
        TE.chain((target) =>
          pipe(
            stopped(cli, target, flags),
            TE.chainFirst(() => forget(cli, target)),
            TE.map(output(target)),
          ),
        ),
      )
}
