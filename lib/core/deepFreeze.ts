/** Deep freezing. */

/** Freezes a JSON value and everything in it. */
export const deepFreeze = <A>(value: A): A => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
