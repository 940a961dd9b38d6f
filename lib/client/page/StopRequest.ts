/**
 * The second request of a stop button. A page that drops its connection to a deployed agent does not end the turn:
 * AgentCore lets it go on. A payload that the agent knows as a stop, in the same session, does.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { anything, func, type Shape } from '../../core/OptionCheck'
import type { SessionId } from '../../core/Session'
import type { ClientError } from '../error/ClientError'
import { toError } from '../error/ClientFailure'
import type { ConnectionEnvironment } from '../socket/Connection'
import { acceptAll, sendFromPage, toPageRequest } from './PageRequest'

/** How a turn is stopped. */
export interface StopOptions {
  /**
   * The payload that stops the turn of a session, such as `{ stop: true }` for an agent whose handler is `cancellable`.
   * Without it, a stop only drops the connection, which ends the turn of an agent that the page reaches directly.
   */
  readonly stop?: unknown
  /** Called when the agent could not be asked to stop. Default: a warning in the console. */
  readonly onStopFailure?: (failure: Error) => void
}

/** Their shape. */
export const stopOptions: Shape<StopOptions> = { stop: anything, onStopFailure: func }

/** Asks the agent to stop, in the background. */
export const requestStop = (
  env: ConnectionEnvironment,
  sessionId: SessionId,
  { stop, onStopFailure = warn }: StopOptions,
): void => {
  if (stop === undefined) return
  const stopping = pipe(
    toPageRequest({ sessionId, payload: stop, accept: acceptAll })(env),
    TE.chain((request): TE.TaskEither<ClientError, Response> => sendFromPage(request, {})),
    TE.chain((response) =>
      TE.tryCatch(
        async () => response.body?.cancel(),
        (): ClientError => ({ _tag: 'Truncated' }),
      ),
    ),
  )
  void stopping().then((outcome) => {
    if (E.isLeft(outcome)) onStopFailure(toError(outcome.left))
  })
}

const warn = (failure: Error): void => console.warn('The agent could not be asked to stop:', failure.message)
