/** Reads what the local runtime says of an agent that failed, from the headers of its response. */
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { localFailure } from '../../core/Protocol'
import type { LocalAnswer, LocalFailure } from '../error/LocalFailure'
import { parseJson } from './JsonText'

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
