/**
 * Objects that `JSON.stringify` encodes as `{}` or as their internals, because their content is not in enumerable
 * properties: a promise, an error, an iterator, a stream, a `Response`.
 *
 * @since 0.2.0
 */

/**
 * Explains why an instance of a class without `toJSON` has no JSON, and what to return instead. Undefined if its
 * properties are its content, as those of a record are.
 */
export const toLoss = (value: object): string | undefined => {
  if (isFunctionIn(value, 'then')) return 'a promise: await it first'
  if (isError(value)) return `an error (${nameOf(value)}): throw it, or return its message`
  if (isIterable(value)) return `an iterable (${nameOf(value)}): return it on its own, or as an array (Array.from)`
  if (isFunctionIn(value, 'pipe')) return `a stream (${nameOf(value)}): return what it contains`
  if (isBoxed(value) || hasKeys(value)) return undefined
  return `an object (${nameOf(value)}) without enumerable properties: return its content as a plain value`
}

const isFunctionIn = (value: object, name: PropertyKey): boolean =>
  name in value && typeof (value as Readonly<Record<PropertyKey, unknown>>)[name] === 'function' // it is in it

const tagOf = (value: object): string => Object.prototype.toString.call(value)

/** Modules of Node throw errors of another realm in some test runners, which `instanceof` does not know. */
const isError = (value: object): boolean => value instanceof Error || tagOf(value) === '[object Error]'

const isIterable = (value: object): boolean =>
  !(value instanceof String) &&
  (isFunctionIn(value, Symbol.iterator) || isFunctionIn(value, Symbol.asyncIterator) || ArrayBuffer.isView(value))

/** `JSON.stringify` encodes these as the primitive inside. */
const isBoxed = (value: object): boolean => /^\[object (?:String|Number|Boolean|BigInt)\]$/.test(tagOf(value))

const hasKeys = (value: object): boolean => Object.keys(value).length > 0

const nameOf = (value: object): string => {
  const { constructor: made }: { readonly constructor?: unknown } = value
  return typeof made === 'function' && made.name !== '' ? made.name.slice(0, 80) : tagOf(value).slice(8, -1)
}
