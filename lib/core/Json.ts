/**
 * Encodes values as JSON text, including Maps (as objects) and Sets (as arrays). A value that JSON cannot represent is
 * a typed error, never `{}` by accident.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, unencodable } from './AgentError'
import { disregard } from './Call'
import { toLoss } from './JsonLoss'

/**
 * Whether `JSON.stringify` alone would lose something: a Map or Set inside, a `toJSON` that may return one, or an
 * object that has no JSON, such as a promise.
 */
const needsRules = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return hasRuled(value)
  if (value instanceof Map || value instanceof Set || 'toJSON' in value) return true
  if (!isRecord(value) && toLoss(value) !== undefined) return true
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

/** Whether an object is no instance of a class: of any realm, since modules of Node and test runners have their own. */
const isRecord = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

const toKey = (key: unknown): string => {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw new TypeError(`a Map has a key of type ${typeof key}`)
}

const byRule = (key: string, value: unknown): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, item]) => [toKey(name), item]))
  if (value instanceof Set) return [...value]
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isRecord(value)) return value
  const loss = toLoss(value)
  if (loss === undefined) return value
  disregard(value) // a promise that rejects later would end the process
  throw new TypeError(key === '' ? `it is ${loss}` : `${JSON.stringify(key.slice(0, 80))} is ${loss}`)
}

const reason = (cause: unknown): string => {
  if (cause instanceof TypeError && cause.message.includes('BigInt'))
    return 'it contains a BigInt: return it as a string'
  if (cause instanceof RangeError) return 'nested too deeply or circular'
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'toJSON threw an error'
}

/**
 * Encodes a value as JSON; `undefined` becomes `null`. Left `Unencodable` for a BigInt, a function, a symbol, a
 * cycle, and what `JSON.stringify` would turn into `{}` or its internals, such as a promise, an error or a stream.
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
