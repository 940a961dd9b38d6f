/**
 * The two dialects: functions that return TaskEithers (`agentcore-fp`) and plain functions (`agentcore-fp/plain`). What a
 * descriptor says to a function of the other one, in types and at run time.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { type AgentError, unexpected } from './AgentError'
import { disregard } from './Call'
import type { Codec, Codecs } from './Codec'

// ---------------------------------------------------------------------------------------------------------------------
// in types
// ---------------------------------------------------------------------------------------------------------------------

/** Any function. */
export type AnyFunction = (...args: never) => unknown

/**
 * What a plain function may return: anything but a function, such as a TaskEither, or an Either. A type parameter is
 * intersected with it, so that the compiler shows the text of what applies.
 */
export type Plain<A> = [Awaited<A>] extends [never]
  ? unknown // it always throws
  : Awaited<A> extends AnyFunction
    ? 'This function returns another one, such as a TaskEither: import the descriptor from agentcore-fp, not from agentcore-fp/plain'
    : Awaited<A> extends E.Either<unknown, unknown>
      ? 'This function returns an Either: return the value itself and throw what is a left, or import the descriptor from agentcore-fp'
      : unknown

/** `Expected`, the type of a functional handler, for a function that returns one; else the advice for a plain one. */
export type Functional<F extends AnyFunction, Expected> =
  ReturnType<F> extends AnyFunction
    ? Expected
    : 'This is a plain function: import the descriptor from agentcore-fp/plain, or return a TaskEither'

/** Nothing for a codec or a pair of them; else the advice for what is none. */
export type CodecAdvice<C> =
  C extends Codecs<infer _, infer __>
    ? unknown
    : C extends Codec<infer _>
      ? unknown
      : 'This is not a codec: pass an io-ts codec, a Standard Schema (zod, valibot, arktype), or { inbound, outbound } of them'

// ---------------------------------------------------------------------------------------------------------------------
// at run time
// ---------------------------------------------------------------------------------------------------------------------

const isEither = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  '_tag' in value &&
  ((value._tag === 'Left' && 'left' in value) || (value._tag === 'Right' && 'right' in value))

/** What a plain function returned, as a right. Left: it belongs to the other dialect. */
export const checkPlain = <A>(given: A): E.Either<AgentError, A> => {
  const what =
    typeof given === 'function' ? 'a function, such as a TaskEither' : isEither(given) ? 'an Either' : undefined
  return what === undefined
    ? E.right(given)
    : E.left(
        unexpected(
          new TypeError(
            `A function of agentcore-fp/plain returned ${what}. Return the value itself, or a promise of it, and throw ` +
              'what is to fail; functions of fp-ts belong to the descriptors of agentcore-fp',
          ),
        ),
      )
}

const kindOf = (f: AnyFunction): string => Object.prototype.toString.call(f).slice('[object '.length, -1)

/** Whether a function is a generator, sync or async, by its syntax. One that was compiled to older syntax is not. */
export const isGenerator = (f: AnyFunction): boolean => kindOf(f).endsWith('GeneratorFunction')

const syntax: Readonly<Record<string, string>> = {
  AsyncFunction: 'an async function',
  GeneratorFunction: 'a generator function',
  AsyncGeneratorFunction: 'an async generator function',
}

/** Throws if the argument of a functional descriptor is no function, or by its syntax returns no TaskEither. */
export const checkFunctional = (descriptor: string, given: unknown): void => {
  disregard(given)
  if (typeof given !== 'function') throw new TypeError(`${descriptor} takes a function, not ${describe(given)}`)
  const plain = syntax[kindOf(given as AnyFunction)]
  if (plain !== undefined)
    throw new TypeError(
      `${descriptor} of agentcore-fp takes a function that returns a TaskEither, not ${plain}. Import ${descriptor} from ` +
        'agentcore-fp/plain, or lift the function with Handler.fromAsync, fromGenerator or fromMessages',
    )
}

/** Throws if the argument of a plain descriptor is no function. */
export const checkFunction = (descriptor: string, given: unknown): void => {
  disregard(given)
  if (typeof given !== 'function') throw new TypeError(`${descriptor} takes a function, not ${describe(given)}`)
}

const isAgent = (given: unknown): boolean => typeof given === 'function' && 'spec' in given

const describe = (given: unknown): string =>
  given === null ? 'null' : given === undefined ? 'undefined' : `a value of type ${typeof given}`

/** Throws if the argument of `createApp` is no agent, as when JavaScript passes it a handler. */
export const checkAgent = (given: unknown): void => {
  if (isAgent(given)) return
  throw new TypeError(
    typeof given === 'function'
      ? 'createApp takes an agent, not a function: wrap the handler in entrypoint(handler)'
      : `createApp takes an agent, such as entrypoint(handler), not ${describe(given)}`,
  )
}

/** Throws if what comes before a descriptor in `pipe` is no agent, as when JavaScript passes a handler. */
export const checkPiped = (given: unknown, descriptor: string): void => {
  if (isAgent(given)) return
  const before = `The argument of pipe before ${descriptor} must be a descriptor`
  throw new TypeError(
    typeof given === 'function'
      ? `${before}, not the function ${JSON.stringify(given.name)}: wrap a handler in entrypoint(handler)`
      : `${before}, such as entrypoint(handler), not ${describe(given)}`,
  )
}
