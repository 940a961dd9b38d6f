/**
 * The JSON text of a request's body as a value. What JavaScript would change silently (a number out of its range) or
 * what would break handlers (nesting without end) is refused here, before anyone sees it.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, invalidJson } from './AgentError'
import { toFlaw, type JsonLimits } from './JsonScan'

/** How deeply a payload may be nested, unless `createApp` is told otherwise. */
export const maxDepth = 1000

/** How many values a payload may have, unless `createApp` is told otherwise. */
export const maxNodes = 5_000_000

/** A number with an exponent of three digits or more: what a short text needs to leave the range of numbers. */
const hugeExponent = /\d[eE]\+?\d{3}/

/** Whether a text is too short to exceed a limit, and has no huge number: then it need not be scanned. */
const isHarmless = (text: string, limits: JsonLimits): boolean =>
  text.length < 200 && text.length <= limits.maxDepth && text.length * 4 <= limits.maxNodes && !hugeExponent.test(text)

/** The value of a JSON text. Left `InvalidJson`, with the parser's reason. */
export const parse =
  (limits: JsonLimits) =>
  (text: string): E.Either<AgentError, unknown> => {
    const flaw = isHarmless(text, limits) ? undefined : toFlaw(text, limits)
    if (flaw !== undefined) return E.left(invalidJson(flaw))
    try {
      return E.right(JSON.parse(text))
    } catch (cause) {
      if (text.trim() === '') return E.left(invalidJson('the body is empty'))
      return E.left(invalidJson(cause instanceof Error ? cause.message : String(cause)))
    }
  }
