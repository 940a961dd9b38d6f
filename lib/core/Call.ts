/**
 * Calls functions supplied by user code. A promise in place of a `TaskEither` is an easy slip: unhandled, its rejection
 * would crash the process.
 *
 * @since 0.2.0
 */

const ignore = (): void => undefined

/** Prevents an ignored promise from crashing the process when it rejects. */
export const disregard = (value: unknown): void => {
  if (isPromise(value)) value.catch(ignore)
}

const isPromise = (value: unknown): value is Promise<unknown> => {
  try {
    return value instanceof Promise
  } catch {
    return false // a throwing proxy
  }
}

/** What to do about a plain function among those of fp-ts. */
export const advice =
  'For plain functions, import the descriptors from agentcore-fp/plain, or lift a handler with Handler.fromAsync'

/** Calls a function. Throws a `TypeError` that names what was passed instead. */
export const call = <Args extends ReadonlyArray<unknown>, A>(f: (...args: Args) => A, ...args: Args): A => {
  const given: unknown = f
  if (typeof given === 'function') return f(...args)
  disregard(given)
  const what = isPromise(given) ? 'a promise' : given === null ? 'null' : typeof given
  throw new TypeError(`Expected a function, such as a TaskEither, got ${what}. ${advice}`)
}
