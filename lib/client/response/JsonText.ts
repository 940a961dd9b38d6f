/**
 * Parses JSON from a server that may be hostile: values that would exhaust memory are rejected before they are built.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as J from 'fp-ts/Json'
import { toFlaw, type JsonLimits } from '../../core/JsonScan'

/** More than any agent of this package takes, and little enough for the memory of a small process. */
const limits: JsonLimits = { maxDepth: 10_000, maxNodes: 10_000_000 }

/** The value of a JSON text. Left: the text is not JSON, or is too deeply nested or has too many values. */
export const parseJson = (text: string): E.Either<unknown, J.Json> => {
  const flaw = toFlaw(text, limits)
  return flaw === undefined ? J.parse(text) : E.left(flaw)
}
