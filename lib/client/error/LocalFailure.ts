/**
 * What the local runtime says of an agent that failed, beside the fixed text that AgentCore would send. AgentCore itself
 * never sends it.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { localFailure } from '../../core/Protocol'
import { parseJson } from '../response/JsonText'

/** The account of the local runtime. */
export interface LocalFailure {
  /** What happened to the agent, in words. */
  readonly reason: string
  /** The log file with its output. */
  readonly log?: string
  /** What the agent itself responded, if it did. `code` and `details` are those of an agent of this package. */
  readonly answer?: LocalAnswer
}

/** What an agent responded with an error status. */
export interface LocalAnswer {
  readonly error: string
  readonly code?: string
  readonly details?: unknown
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const toAnswer = (text: string): LocalAnswer =>
  pipe(
    O.fromEither(parseJson(text)),
    O.map((value): unknown => value),
    O.filter(isRecord),
    O.chainNullableK(({ error, code, details }) =>
      typeof error === 'string'
        ? { error, ...(typeof code === 'string' ? { code } : {}), ...(details === undefined ? {} : { details }) }
        : undefined,
    ),
    O.getOrElse((): LocalAnswer => ({ error: text })),
  )

/** The account in the headers of a response, by lower-case name; none where no local runtime sent it. */
export const fromHeaders = (headers: Readonly<Record<string, string>>): O.Option<LocalFailure> => {
  const { [localFailure.reason]: reason, [localFailure.log]: log, [localFailure.answer]: answer } = headers
  return reason === undefined
    ? O.none
    : O.some({
        reason,
        ...(log === undefined ? {} : { log }),
        ...(answer === undefined || answer === '' ? {} : { answer: toAnswer(answer) }),
      })
}
