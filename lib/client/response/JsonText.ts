/**
 * Parses JSON from a server that may be hostile: values that would exhaust memory are rejected before they are built.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as J from 'fp-ts/Json'
import { type JsonLimits, rangeFlaw, toFlaw } from '../../core/JsonScan'

/** More than any agent of this package takes, and little enough for the memory of a small process. */
const limits: JsonLimits = { maxDepth: 10_000, maxNodes: 10_000_000 }

/** Why a text was not parsed. */
export interface JsonFault {
  /** Whether it is rejected. Otherwise it is text: it is not JSON, or has a number that JavaScript cannot hold. */
  readonly isRejected: boolean
  readonly reason: string
}

/**
 * The value of a JSON text. Left: the text is not JSON, is too deeply nested, has too many values or a number out of
 * range, or has a key `__proto__`.
 */
export const parseJson = (text: string): E.Either<JsonFault, J.Json> => {
  const flaw = toFlaw(text, limits)
  if (flaw !== undefined) return E.left({ isRejected: flaw !== rangeFlaw, reason: `the body is not accepted: ${flaw}` })
  return pipe(
    J.parse(text),
    E.mapLeft(() => ({
      isRejected: false,
      reason: text.trim() === '' ? 'the body is empty, not JSON' : 'the body is not valid JSON',
    })),
  )
}
