/** The target of an invocation: the agent, its location and the session. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { AgentConfig } from '../../../config/Project'
import * as Rules from '../../../config/Rules'
import { agentIn, saveSession, savedSession } from '../../agent/ConfiguredAgent'
import { type AgentLocation, devAt, locateAgent, locateDev } from '../../agent/AgentLocation'
import { type Cli, note } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import type { InvokeFlags } from './flags'

/** The agent and where it is. `--dev` needs no file; where there is one, it keeps the session. */
export interface InvocationTarget {
  readonly agent: AgentConfig | undefined
  readonly reach: AgentLocation
}

/** Resolves the target from the flags. Left: `Config`, `Failed`. */
export const locateTarget = (cli: Cli, flags: InvokeFlags): TE.TaskEither<CliError, InvocationTarget> => {
  if (flags.arn !== undefined)
    return TE.right({ agent: undefined, reach: { _tag: 'Deployed', arn: flags.arn, endpoint: flags.endpoint } })
  if (!flags.dev)
    return pipe(
      agentIn(cli.cwd, flags.agent),
      TE.bindTo('agent'),
      TE.bind('reach', ({ agent }) => locateAgent(cli.cwd, agent, { isLocal: flags.local, endpoint: flags.endpoint })),
    )
  if (flags.port !== undefined) {
    const reach = devAt(flags.port)
    return pipe(
      flags.agent === undefined ? ifConfigured(cli, undefined) : agentIn(cli.cwd, flags.agent),
      TE.map((agent) => ({ agent, reach })),
    )
  }
  return pipe(
    ifConfigured(cli, flags.agent),
    TE.chain((agent) => locateDev(cli.cwd, flags.agent, agent?.name)),
    TE.bind('agent', ({ name }) => ifConfigured(cli, name)),
  )
}

const ifConfigured = (cli: Cli, name: string | undefined): TE.TaskEither<CliError, AgentConfig | undefined> =>
  pipe(
    agentIn(cli.cwd, name),
    TE.orElseW(() => TE.right(undefined)),
  )

/** The session of this call: the requested one, the last one, or a new one. */
export const toSession = (cli: Cli, { sessionId, newSession }: InvokeFlags, agent: AgentConfig | undefined): string =>
  sessionId ?? (newSession ? undefined : savedSession(agent)) ?? cli.newId()

/**
 * Saves the session id for the next call. A failure to save only warns: this call has succeeded. An agent may answer with an id
 * that no caller may send: that one is not kept.
 */
export const rememberSession =
  (cli: Cli, agent: AgentConfig | undefined) =>
  (sessionId: string): TE.TaskEither<CliError, void> =>
    agent === undefined || savedSession(agent) === sessionId || E.isLeft(Rules.sessionId(sessionId))
      ? TE.right(undefined)
      : pipe(
          saveSession(cli.cwd, agent.name, sessionId),
          TE.orElseW(() =>
            TE.fromTask(() => note(({ yellow }) => yellow('The session id could not be saved for the next call'))(cli)),
          ),
        )
