/** Choices at random. */

/** A whole number from 0 to `n - 1`. */
export const below = (n: number): number => Math.floor(Math.random() * n)

/** True in `percent` of all cases. */
export const inPercent = (percent: number): boolean => Math.random() * 100 < percent

/** One of the given values. */
export const oneOf = <A>(first: A, ...more: ReadonlyArray<A>): A => [first, ...more][below(more.length + 1)] ?? first

/** One of the given values, each as often as it weighs. */
export const weighted = <A extends { readonly weight: number }>(items: ReadonlyArray<A>): A | undefined => {
  let left = Math.random() * items.reduce((sum, { weight }) => sum + weight, 0)
  return items.find(({ weight }) => (left -= weight) < 0)
}
