/**
 * Encodes values as JSON text, including Maps (as objects) and Sets (as arrays). A value that JSON cannot represent is
 * a typed error, never `{}` by accident.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, unencodable } from './AgentError'

/** Whether `JSON.stringify` alone would lose something: a Map or Set inside, or a `toJSON` that may return one. */
const needsRules = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return hasRuled(value)
  if (value instanceof Map || value instanceof Set || 'toJSON' in value) return true
  for (const key in value) {
    // An object's own and inherited enumerable keys are strings that can index it.
    if (needsRules((value as Readonly<Record<string, unknown>>)[key])) return true
  }
  return false
}

/** Arrays may contain millions of numbers, so primitives skip the function call. */
const hasRuled = (items: ReadonlyArray<unknown>): boolean => {
  for (const item of items) if (typeof item === 'object' && item !== null && needsRules(item)) return true
  return false
}

const toKey = (key: unknown): string => {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw new TypeError(`a Map has a key of type ${typeof key}`)
}

const byRule = (_: string, value: unknown): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [toKey(key), item]))
  return value instanceof Set ? [...value] : value
}

const reason = (cause: unknown): string => {
  if (cause instanceof RangeError) return 'nested too deeply or circular'
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'toJSON threw an error'
}

/**
 * Encodes a value as JSON; `undefined` becomes `null`. Left `Unencodable` for a BigInt, a function, a symbol or a
 * cycle.
 */
export const encode = (value: unknown): E.Either<AgentError, string> => {
  if (value === undefined) return E.right('null')
  try {
    // The type of JSON.stringify hides that the result is undefined for a function or a symbol.
    const text = JSON.stringify(value, needsRules(value) ? byRule : undefined) as string | undefined
    return text === undefined ? E.left(unencodable(`it is a ${typeof value}`)) : E.right(text)
  } catch (cause) {
    return E.left(unencodable(reason(cause)))
  }
}

/** Whether `JSON.stringify` alone encodes a value correctly, so that Koa may do it. */
export const isPlain = (value: unknown): boolean => {
  try {
    return typeof value === 'object' && value !== null && !needsRules(value)
  } catch {
    return false
  }
}
