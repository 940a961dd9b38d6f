/**
 * Calls what user code gave as a function. A promise in its place is an easy slip where a `TaskEither` is asked for: its
 * rejection would have no listener, which ends the process.
 *
 * @since 0.2.0
 */

const ignore = (): void => undefined

/** Keeps a promise that nobody will wait for from ending the process when it rejects. */
export const disregard = (value: unknown): void => {
  if (isPromise(value)) value.catch(ignore)
}

const isPromise = (value: unknown): value is Promise<unknown> => {
  try {
    return value instanceof Promise
  } catch {
    return false // a proxy that throws
  }
}

/** Calls a function. Throws a `TypeError` that says what was given in place of one. */
export const call = <Args extends ReadonlyArray<unknown>, A>(f: (...args: Args) => A, ...args: Args): A => {
  const given: unknown = f
  if (typeof given === 'function') return f(...args)
  disregard(given)
  const what = isPromise(given) ? 'a promise' : given === null ? 'null' : typeof given
  throw new TypeError(`Expected a function, such as a TaskEither, got ${what}`)
}
