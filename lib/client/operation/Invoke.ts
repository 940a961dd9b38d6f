/**
 * Invokes an agent with a payload and returns its response.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import type { Issue } from '../../core/AgentError'
import { problem } from '../../core/Problem'
import { type Codec, decode } from '../../core/Codec'
import { encode } from '../../core/Json'
import { boolean, object, type Shape, string } from '../../core/OptionCheck'
import { header, refusalType } from '../../core/Protocol'
import type { SessionId } from '../../core/Session'
import { type Answer, fromHttp } from '../response/Answer'
import { call, type CallOptions, callOptions } from './ServiceCall'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { Environment } from '../transport/Environment'
import { type HeaderFields, fromHeaders, sessionName } from '../target/Query'
import { parseOr } from '../target/SessionId'
import { isHeaderValue } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Options of an invocation. */
export interface InvokeOptions extends CallOptions {
  /** 33 to 256 visible ASCII characters; a new session unless it is given. */
  readonly sessionId?: string
  /** On whose behalf, 1 to 1024 characters; the caller needs `InvokeAgentRuntimeForUser` for it. */
  readonly userId?: string
  /** Headers of your own, such as `traceparent`, `baggage` and those that the agent's allow-list names. */
  readonly headers?: HeaderFields
  /** What answers are taken; JSON and events unless it is given. */
  readonly accept?: string
  /** The type of the payload; JSON unless it is given. */
  readonly contentType?: string
  /** Whether the agent does no harm if it is asked twice: then what may have been sent is sent again. */
  readonly idempotent?: boolean
}

const shape: Shape<InvokeOptions> = {
  ...callOptions,
  sessionId: string,
  userId: string,
  headers: object,
  accept: string,
  contentType: string,
  idempotent: boolean,
}

/** A payload has at most so many bytes. */
export const maxPayload = 100_000_000

// ---------------------------------------------------------------------------------------------------------------------
// the request
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name, reason })

/** A payload as bytes: a `Uint8Array` is itself, anything else its JSON. */
const toBody = (payload: unknown): E.Either<ClientError, Uint8Array> =>
  pipe(
    payload instanceof Uint8Array
      ? E.right(payload)
      : pipe(
          encode(payload),
          E.bimap(
            (error): ClientError => ({
              _tag: 'Unencodable',
              reason: error._tag === 'Unencodable' ? error.reason : problem(error).message,
            }),
            (json) => new TextEncoder().encode(json),
          ),
        ),
    E.filterOrElse(
      ({ length }) => length <= maxPayload,
      (): ClientError => ({
        _tag: 'InvalidParameter',
        name: 'payload',
        reason: `larger than ${maxPayload} bytes`,
      }),
    ),
  )

/** A value of a header of this package's. Left: `InvalidParameter`. */
const field =
  (name: string, most: number) =>
  (value: string | undefined): E.Either<ClientError, HeaderFields> => {
    if (value === undefined) return E.right({})
    if (value === '' || value.length > most)
      return invalid(`header ${name}`, `the value must have 1 to ${most} characters`)
    return isHeaderValue(value)
      ? E.right({ [name]: value })
      : invalid(`header ${name}`, 'the value contains a line break or a non-ASCII character')
  }

/** AgentCore drops the refusals of an agent unless they have status 200: agents send them so to those who accept it. */
const toAccept = (target: Environment['target'], given = 'application/json, text/event-stream'): string => {
  const all = `${given}, ${refusalType}`
  return target._tag === 'Deployed' && all.length <= 256 ? all : given
}

const toHeaders = (
  sessionId: SessionId,
  target: Environment['target'],
  options: InvokeOptions,
): E.Either<ClientError, HeaderFields> =>
  pipe(
    E.Do,
    E.apS('own', fromHeaders(options.headers ?? {})),
    E.apS('userId', field(header.userId, 1024)(options.userId)),
    E.apS('accept', field('Accept', 256)(toAccept(target, options.accept))),
    E.apS('type', field('Content-Type', 256)(options.contentType ?? 'application/json')),
    E.map(({ own, userId, accept, type }) => ({ ...own, ...userId, ...accept, ...type, [sessionName]: sessionId })),
  )

// ---------------------------------------------------------------------------------------------------------------------
// invocations
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Invokes the agent. A payload is any value that JSON can hold (`undefined` as `null`, Maps and Sets as objects and
 * arrays), or a `Uint8Array`, which is sent as it is. Left: `InvalidSessionId`, `InvalidParameter`, `InvalidQualifier`,
 * `Unencodable`, `InvalidToken`, `NoCredentials`; a failure of the connection; what the service or the agent refuses;
 * `InvalidAnswer`, `Truncated`. It is sent again only where the agent has not seen it, unless it is `idempotent`.
 *
 * @example
 * ```ts
 * import { createClient, invoke } from 'agentcore-fp/client'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const answer = invoke({ prompt: 'Hello' }, { sessionId: 'user-7-conversation-2026-11-25-0001' })(client.environment)
 * ```
 */
export const invoke = (
  payload: unknown,
  options: InvokeOptions = {},
): RTE.ReaderTaskEither<Environment, ClientError, Answer> =>
  pipe(
    RTE.ask<Environment, ClientError>(),
    RTE.chainEitherK(({ newId, target }) =>
      pipe(
        checked('invoke', shape)(options),
        E.bindTo('valid'),
        E.bind('sessionId', () => parseOr(newId)(options.sessionId)),
        E.bind('headers', ({ sessionId }) => toHeaders(sessionId, target, options)),
        E.bind('body', () => toBody(payload)),
      ),
    ),
    RTE.chain(({ sessionId, headers, body }) =>
      call(
        { method: 'POST', operation: 'invocations', headers, body, isIdempotent: options.idempotent ?? false, options },
        fromHttp(sessionId),
      ),
    ),
  )

const toLine = ({ path, message }: Issue): string => (path === '' ? message : `${path}: ${message}`)

const decoded =
  <A>(codec: Codec<A>) =>
  (value: unknown): TE.TaskEither<ClientError, A> =>
    pipe(
      TE.tryCatch(
        async () => decode(codec)(value),
        (): ClientError => ({ _tag: 'InvalidAnswer', reason: 'the codec threw an error' }),
      ),
      TE.chainEitherK(
        E.mapLeft((issues): ClientError => ({ _tag: 'InvalidAnswer', reason: issues.map(toLine).join('; ') })),
      ),
    )

/**
 * Invokes the agent and decodes its JSON response with a codec (io-ts, or any Standard Schema). Left: those of `invoke`, and
 * `InvalidAnswer` for a response that is not JSON or that the codec rejects.
 *
 * @example
 * ```ts
 * import { createClient, invokeAs } from 'agentcore-fp/client'
 * import { t } from 'agentcore-fp/fp'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const total = invokeAs(t.type({ total: t.number }))({ sum: [1, 2, 3] })(client.environment)
 * ```
 */
export const invokeAs =
  <A>(codec: Codec<A>) =>
  (payload: unknown, options: InvokeOptions = {}): RTE.ReaderTaskEither<Environment, ClientError, A> =>
    pipe(
      invoke(payload, { accept: 'application/json', ...options }),
      RTE.chainTaskEitherK((answer) =>
        answer._tag === 'Json' ? decoded(codec)(answer.value) : pipe(discard(answer), TE.chain(TE.left)),
      ),
    )

/** Gives an answer up that is not of the kind that was wanted. */
const discard = (answer: Exclude<Answer, { readonly _tag: 'Json' }>): TE.TaskEither<ClientError, ClientError> =>
  TE.fromTask(async () => {
    const body = answer._tag === 'Events' ? answer.events : answer.bytes
    await body[Symbol.asyncIterator]().return?.()
    const got = /[/+]json\b/i.test(answer.contentType)
      ? 'a body that is not JSON, or has a number out of range'
      : 'another type'
    return { _tag: 'InvalidAnswer', reason: `expected JSON, got ${got} (content type "${answer.contentType}")` }
  })
