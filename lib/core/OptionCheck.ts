/**
 * Checks options for those whose compiler has not: without a check, a misspelled option is one that has no effect. Each
 * function with options has a shape of them, which the compiler holds complete, and checks it once.
 *
 * @since 0.2.0
 */
import { nearest } from './Nearest'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What an option may be. `undefined` always is as if it were absent. */
export interface Kind {
  /** What is expected, after "expected". */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  /** The options inside it. */
  readonly shape?: AnyShape
  readonly isRequired?: boolean
}

type AnyShape = Readonly<Record<string, Kind>>

/** All of the options, each with its kind. */
export type Shape<O> = Readonly<Record<Keys<O>, Kind>>

type Keys<O> = O extends unknown ? keyof O : never

/** What is wrong with options: with one of them by its path, such as `session.max`, or with `options` as a whole. */
export interface OptionFault {
  readonly option: string
  readonly reason: string
}

// ---------------------------------------------------------------------------------------------------------------------
// kinds
// ---------------------------------------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const anything: Kind = { expected: 'any value', accepts: () => true }

export const boolean: Kind = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }

/** A duration, a size or a count. */
export const quantity: Kind = {
  expected: 'a number from 0',
  accepts: (value) => typeof value === 'number' && value >= 0,
}

export const string: Kind = { expected: 'a string', accepts: (value) => typeof value === 'string' }

export const strings: Kind = {
  expected: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
}

export const func: Kind = { expected: 'a function', accepts: (value) => typeof value === 'function' }

/** An object that other code knows the parts of. */
export const object: Kind = { expected: 'an object', accepts: isRecord }

/** Values of headers, or of parameters, by name. */
export const texts: Kind = {
  expected: 'an object of strings',
  accepts: (value) => isRecord(value) && Object.values(value).every((item) => typeof item === 'string'),
}

export const oneOf = (...words: ReadonlyArray<string>): Kind => ({
  expected: words.map((word) => `"${word}"`).join(' or '),
  accepts: (value) => words.some((word) => word === value),
})

export const either = (...kinds: ReadonlyArray<Kind>): Kind => ({
  expected: kinds.map(({ expected }) => expected).join(' or '),
  accepts: (value) => kinds.some(({ accepts }) => accepts(value)),
})

/** One that must be there. */
export const required = (kind: Kind): Kind => ({ ...kind, isRequired: true })

/** Options inside of options. */
export const group = <O>(shape: Shape<O>): Kind => ({ ...object, shape })

// ---------------------------------------------------------------------------------------------------------------------
// checks
// ---------------------------------------------------------------------------------------------------------------------

/** The first fault in options. `elsewhere` names options of other functions, and whose they are. */
export const findOptionFault = <O>(
  shape: Shape<O>,
  given: unknown,
  elsewhere: Readonly<Record<string, string>> = {},
): OptionFault | undefined =>
  isRecord(given)
    ? faultIn(shape, given, '', elsewhere)
    : { option: 'options', reason: `expected an object, got ${describe(given)}` }

/**
 * Throws a `TypeError` for an unknown option, or one of the wrong type: it names the function, the option and the nearest
 * known one.
 */
export const checkOptions = <O>(
  where: string,
  shape: Shape<O>,
  given: unknown,
  elsewhere?: Readonly<Record<string, string>>,
): void => {
  const fault = findOptionFault(shape, given, elsewhere)
  if (fault !== undefined) throw new TypeError(explainFault(where, fault))
}

/** What is wrong, in one line. */
export const explainFault = (where: string, { option, reason }: OptionFault): string =>
  `${where}: invalid ${option === 'options' ? option : `option "${option}"`}: ${reason}`

const faultIn = (
  shape: AnyShape,
  given: Readonly<Record<string, unknown>>,
  path: string,
  elsewhere: Readonly<Record<string, string>>,
): OptionFault | undefined => {
  for (const name of Object.keys(given)) {
    const value = given[name]
    const option = `${path}${name}`
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (kind === undefined) return { option, reason: unknownReason(name, shape, path, elsewhere) }
    if (value === undefined) continue
    if (!kind.accepts(value)) return { option, reason: `expected ${kind.expected}, got ${describe(value)}` }
    const inner =
      kind.shape === undefined || !isRecord(value) ? undefined : faultIn(kind.shape, value, `${option}.`, {})
    if (inner !== undefined) return inner
  }
  for (const name in shape) {
    const kind = shape[name]
    if (kind?.isRequired === true && given[name] === undefined)
      return { option: `${path}${name}`, reason: `it is missing; expected ${kind.expected}` }
  }
  return undefined
}

const unknownReason = (
  name: string,
  shape: AnyShape,
  path: string,
  elsewhere: Readonly<Record<string, string>>,
): string => {
  const known = suggestions(shape, path, elsewhere)
  const like = nearest(name, [...known.keys()])
  return like === undefined
    ? `there is no such option. The options are ${Object.keys(shape).join(', ')}`
    : `there is no such option. Did you mean ${known.get(like)}?`
}

/** The names of options, and how each is called here: those of this place, then those inside them, then others. */
const suggestions = (
  shape: AnyShape,
  path: string,
  elsewhere: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> => {
  const known = new Map<string, string>()
  const add = (name: string, called: string): void => {
    if (!known.has(name)) known.set(name, called)
  }
  for (const name in shape) add(name, `"${path}${name}"`)
  for (const name in shape) for (const inner in shape[name]?.shape) add(inner, `"${path}${name}.${inner}"`)
  for (const name in elsewhere) add(name, `"${name}" of ${elsewhere[name]}`)
  return known
}

/** Never the text of a string, which may be a secret. */
const describe = (value: unknown): string => {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  return value === undefined ? 'undefined' : `a ${typeof value}`
}
