/**
 * Runs a command on the machine of a session, in a new shell, and tells what it says as it says it.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import * as O from 'fp-ts/Option'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import { anything, type Shape, string } from '../../core/OptionCheck'
import { header } from '../../core/Protocol'
import { call, type CallOptions, callOptions } from './ServiceCall'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { Environment } from '../transport/Environment'
import { decode, type Message } from '../response/AwsEventStream'
import { through } from '../response/AsyncIterables'
import { sessionName } from '../target/Query'
import { isServiceErrorName, named } from '../response/ServiceErrorDecoder'
import { parseOr } from '../target/SessionId'
import type { Answer } from '../transport/Transport'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a command does and says. */
export type CommandEvent =
  | { readonly _tag: 'Started' }
  | { readonly _tag: 'Output'; readonly stdout: string; readonly stderr: string }
  /** `exitCode` is -1 where the platform failed. */
  | { readonly _tag: 'Ended'; readonly exitCode: number; readonly status: 'COMPLETED' | 'TIMED_OUT' }

/** A command that runs. */
export interface Running {
  readonly sessionId: string
  /** What it does and says, to be read once; after a left comes nothing. */
  readonly events: AsyncIterable<E.Either<ClientError, CommandEvent>>
}

/** Options of a command. */
export interface CommandOptions extends CallOptions {
  /** 33 to 256 visible ASCII characters; a new session unless it is given. */
  readonly sessionId?: string
  /** How long the command may take: 1 to 3600 whole seconds, 300 unless it is given. */
  readonly timeout?: number
}

const shape: Shape<CommandOptions> = { ...callOptions, sessionId: string, timeout: anything }

// ---------------------------------------------------------------------------------------------------------------------
// the answer
// ---------------------------------------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const fieldsIn = (value: unknown, name: string): Fields | undefined => {
  const found = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return isRecord(found) ? found : undefined
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const invalid = (reason: string): E.Either<ClientError, never> => E.left({ _tag: 'InvalidAnswer', reason })

const jsonIn = ({ body }: Message): O.Option<unknown> =>
  body.length === 0 ? O.some({}) : O.fromEither(J.parse(new TextDecoder().decode(body)))

/** One of the three things that a chunk says; a kind that is not known yet says nothing. */
const eventIn = (chunk: unknown): E.Either<ClientError, O.Option<CommandEvent>> => {
  const output = fieldsIn(chunk, 'contentDelta')
  if (output !== undefined)
    return E.right(O.some({ _tag: 'Output', stdout: text(output['stdout']), stderr: text(output['stderr']) }))
  const end = fieldsIn(chunk, 'contentStop')
  if (end === undefined)
    return E.right(fieldsIn(chunk, 'contentStart') === undefined ? O.none : O.some({ _tag: 'Started' }))
  const { exitCode, status } = end
  return typeof exitCode === 'number' && (status === 'COMPLETED' || status === 'TIMED_OUT')
    ? E.right(O.some({ _tag: 'Ended', exitCode, status }))
    : invalid('the end of the command has no exit code and status')
}

/** The failure that an exception of the stream is. */
const toException = (name: string, fields: unknown): ClientError => {
  const message = isRecord(fields) ? text(fields['message']) : ''
  const known = `${name.charAt(0).toUpperCase()}${name.slice(1)}` // the model's members begin in lower case
  return named(isServiceErrorName(known) ? known : name, { status: 200, message, requestId: undefined })
}

const toStep = (message: Message): E.Either<ClientError, O.Option<CommandEvent>> => {
  const { headers } = message
  const fields = jsonIn(message)
  switch (headers[':message-type']) {
    case 'exception':
      return E.left(toException(headers[':exception-type'] ?? 'exception', O.toUndefined(fields)))
    case 'error':
      return E.left(toException(headers[':error-code'] ?? 'error', { message: headers[':error-message'] }))
    default:
      if (O.isNone(fields)) return invalid('an event in the event stream is not valid JSON')
      return headers[':event-type'] === 'chunk' ? eventIn(fields.value) : E.right(O.none)
  }
}

const steps = async function* (
  messages: AsyncIterable<E.Either<ClientError, Message>>,
): AsyncGenerator<E.Either<ClientError, CommandEvent>, void> {
  let isEnded = false
  for await (const message of messages) {
    const step = pipe(message, E.chain(toStep))
    if (E.isLeft(step)) {
      yield step
      return
    }
    if (O.isSome(step.right)) yield E.right(step.right.value)
    isEnded ||= O.isSome(step.right) && step.right.value._tag === 'Ended'
  }
  if (!isEnded) yield E.left({ _tag: 'Truncated' })
}

const running =
  (sent: string) =>
  ({ headers, body }: Answer): Running => ({
    sessionId: headers[header.sessionId] ?? sent,
    events: pipe(body, decode, through(steps)),
  })

// ---------------------------------------------------------------------------------------------------------------------
// the request
// ---------------------------------------------------------------------------------------------------------------------

const refuse = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name, reason })

const toBody = (command: string, timeout: number): E.Either<ClientError, Uint8Array> => {
  const size = new TextEncoder().encode(command).length
  if (size < 1 || size > 65_536) return refuse('command', 'must have 1 to 65536 bytes')
  return Number.isInteger(timeout) && timeout >= 1 && timeout <= 3600
    ? E.right(new TextEncoder().encode(JSON.stringify({ command, timeout })))
    : refuse('command timeout', 'expected 1 to 3600 whole seconds')
}

/**
 * Runs a `bash` command in a session of a deployed agent. It is sent again only where it cannot have started. Left:
 * `InvalidSessionId`, `InvalidParameter`, `InvalidEndpoint` for an agent without a data plane, and those of every call. The
 * events end with the failure that the service reports, `InvalidAnswer` for corrupt ones, and `Truncated` if the end of the
 * command is missing.
 *
 * @example
 * ```ts
 * import { command, createClient } from 'agentcore-fp/client'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const running = command('ls -l', { timeout: 10 })(client.environment)
 * ```
 */
export const command = (
  line: string,
  options: CommandOptions = {},
): RTE.ReaderTaskEither<Environment, ClientError, Running> =>
  pipe(
    RTE.ask<Environment, ClientError>(),
    RTE.chainEitherK(({ newId }) =>
      pipe(
        checked('command', shape)(options),
        E.bindTo('valid'),
        E.bind('sessionId', () => parseOr(newId)(options.sessionId)),
        E.bind('body', () => toBody(line, options.timeout ?? 300)),
      ),
    ),
    RTE.chain(({ sessionId, body }) =>
      call(
        {
          method: 'POST',
          operation: 'commands',
          headers: {
            Accept: 'application/vnd.amazon.eventstream',
            'Content-Type': 'application/json',
            [sessionName]: sessionId,
          },
          body,
          isIdempotent: false,
          options,
        },
        (answer) => TE.right(running(sessionId)(answer)),
      ),
    ),
  )
