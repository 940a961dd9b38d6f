/** Values that nobody can change, however deep. */

/** Freezes a value of JSON, and what it holds. */
export const deepFreeze = <A>(value: A): A => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
