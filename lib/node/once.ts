/** Lazy values, computed at most once. */
import type { IO } from 'fp-ts/IO'

/** A function that computes its value on first call. */
export const once = <A>(f: IO<A>): IO<A> => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: f() }).value
}
