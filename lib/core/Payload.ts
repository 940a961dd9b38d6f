/**
 * The JSON text of a request's body as a value. What JavaScript would change silently (a number out of its range) or
 * what would break handlers (nesting without end) is refused here, before anyone sees it.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, invalidJson } from './AgentError'

/** How deeply a payload may be nested, unless `createApp` is told otherwise. */
export const maxDepth = 1000

interface Place {
  readonly value: object
  readonly depth: number
}

/** Why a parsed value is not what its text said: a number that became infinite, or too much nesting. */
const flaw = (root: unknown, limit: number): string | undefined => {
  if (typeof root === 'number') return Number.isFinite(root) ? undefined : 'a number is out of range'
  if (typeof root !== 'object' || root === null) return undefined
  const open: Array<Place> = [{ value: root, depth: 1 }]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (place.depth > limit) return `it is nested more than ${limit} levels deep`
    const { value, depth } = place
    for (const key in value) {
      // JSON.parse makes plain objects and arrays only, whose enumerable keys are their own.
      const item = (value as Readonly<Record<string, unknown>>)[key]
      if (typeof item === 'number') {
        if (!Number.isFinite(item)) return 'a number is out of range'
      } else if (typeof item === 'object' && item !== null) open.push({ value: item, depth: depth + 1 })
    }
  }
  return undefined
}

/** A number with an exponent of three digits or more: what a short text needs to leave the range of numbers. */
const hugeExponent = /\d[eE]\+?\d{3}/

/** Whether a text is too short to hold a flaw, and says no huge number: then its value need not be looked through. */
const isHarmless = (text: string, limit: number): boolean =>
  text.length < 200 && text.length <= limit && !hugeExponent.test(text)

/** The value of a JSON text. Left `InvalidJson`, with the parser's reason. */
export const parse =
  (limit: number) =>
  (text: string): E.Either<AgentError, unknown> => {
    if (text.trim() === '') return E.left(invalidJson('the body is empty'))
    try {
      const value: unknown = JSON.parse(text)
      const found = isHarmless(text, limit) ? undefined : flaw(value, limit)
      return found === undefined ? E.right(value) : E.left(invalidJson(found))
    } catch (cause) {
      return E.left(invalidJson(cause instanceof Error ? cause.message : String(cause)))
    }
  }
