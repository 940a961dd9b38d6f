/**
 * Ends a session of a deployed agent, and the machine that it runs on.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { header } from '../../core/Protocol'
import { readAll } from '../response/ResponseBody'
import { call, type CallOptions, callOptions } from './ServiceCall'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { Environment } from '../transport/Environment'
import { sessionName } from '../target/Query'
import { maxBody } from '../response/ServiceErrorDecoder'
import { parse } from '../target/SessionId'

/** The session that was stopped. */
export interface Stopped {
  readonly sessionId: string
}

/**
 * Stops a session of a deployed agent. Its id can be used again, for a new session. Left `InvalidSessionId`;
 * `ResourceNotFoundException` where there is no such session (any more) or no such agent, which the service tells apart only
 * in its message; `InvalidEndpoint` for an agent without a data plane; and those of every call. Retried as `CallOptions` say.
 *
 * @example
 * ```ts
 * import { createClient, stopSession } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const stopped = stopSession('user-7-conversation-2026-11-25-0001')(client.environment)
 * ```
 */
export const stopSession = (
  sessionId: string,
  options: CallOptions = {},
): RTE.ReaderTaskEither<Environment, ClientError, Stopped> =>
  pipe(
    RTE.ask<Environment, ClientError>(),
    RTE.chainEitherK(({ newId }) =>
      pipe(
        checked('stopSession', callOptions)(options),
        E.chain(() => parse(sessionId)),
        E.map((id) => ({ id, clientToken: newId() })),
      ),
    ),
    RTE.chain(({ id, clientToken }) =>
      call(
        {
          method: 'POST',
          operation: 'stopSession',
          headers: { 'Content-Type': 'application/json', [sessionName]: id },
          body: new TextEncoder().encode(JSON.stringify({ clientToken })),
          isIdempotent: true,
          options,
        },
        ({ headers, body }) =>
          pipe(
            readAll(maxBody)(body),
            TE.map(() => ({ sessionId: headers[header.sessionId] ?? id })),
          ),
      ),
    ),
  )
