/**
 * Parses the JSON text of a request body. Rejects what JavaScript would change silently (a number out of range) or what
 * would break handlers (excessive nesting) or bypass codecs (a key `__proto__`), before any handler sees it.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, invalidJson } from './AgentError'
import { hasProtoKey, protoFlaw, toFlaw, type JsonLimits } from './JsonScan'

/** The default limit on the nesting of a payload. */
export const maxDepth = 1000

/** The default limit on the number of values in a payload. */
export const maxNodes = 5_000_000

/** A number with an exponent of three or more digits, which a short text needs to be out of range. */
const hugeExponent = /\d[eE]\+?\d{3}/

/** Whether a text is too short to exceed a limit and contains no huge number, so that it need not be measured. */
const isSmall = (text: string, limits: JsonLimits): boolean =>
  text.length < 200 && text.length <= limits.maxDepth && text.length * 4 <= limits.maxNodes && !hugeExponent.test(text)

/** Parses a JSON text. Left `InvalidJson`, with the parser's reason. */
export const parse =
  (limits: JsonLimits) =>
  (text: string): E.Either<AgentError, unknown> => {
    const flaw = isSmall(text, limits) ? (hasProtoKey(text) ? protoFlaw : undefined) : toFlaw(text, limits)
    if (flaw !== undefined) return E.left(invalidJson(flaw))
    try {
      return E.right(JSON.parse(text))
    } catch (cause) {
      if (text.trim() === '') return E.left(invalidJson('the body is empty'))
      return E.left(invalidJson(cause instanceof Error ? cause.message : String(cause)))
    }
  }
