/**
 * The card that an agent of the A2A protocol describes itself by.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { type Shape, string } from '../../core/OptionCheck'
import { toJson } from '../response/Answer'
import { readAll } from '../response/ResponseBody'
import { call, type CallOptions, callOptions } from './ServiceCall'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { Environment } from '../transport/Environment'
import { type HeaderFields, sessionName } from '../target/Query'
import { parse } from '../target/SessionId'

/** Options for fetching an agent card. */
export interface AgentCardOptions extends CallOptions {
  /** 33 to 256 visible ASCII characters; none unless it is given. */
  readonly sessionId?: string
}

const shape: Shape<AgentCardOptions> = { ...callOptions, sessionId: string }

/** A card has at most so many bytes. */
const maxCard = 1_000_000

/**
 * Fetches the agent card of an A2A agent, a JSON value. Left: `InvalidSessionId`, `InvalidAnswer`, and those of every call.
 *
 * @example
 * ```ts
 * import { agentCard, createClient } from 'agentcore-fp/client'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const card = agentCard()(client.environment)
 * ```
 */
export const agentCard = (options: AgentCardOptions = {}): RTE.ReaderTaskEither<Environment, ClientError, unknown> =>
  pipe(
    RTE.fromEither(pipe(options, checked('agentCard', shape), E.chain(toSession))),
    RTE.chain((session) =>
      call(
        {
          method: 'GET',
          operation: 'agentCard',
          headers: { Accept: 'application/json', ...session },
          body: new Uint8Array(),
          isIdempotent: true,
          options,
        },
        ({ body }) =>
          pipe(
            readAll(maxCard)(body),
            TE.chainEitherK(toJson),
            TE.map(({ value }) => value),
          ),
      ),
    ),
  )

const toSession = ({ sessionId }: AgentCardOptions): E.Either<ClientError, HeaderFields> =>
  sessionId === undefined
    ? E.right({})
    : pipe(
        parse(sessionId),
        E.map((id) => ({ [sessionName]: id })),
      )
