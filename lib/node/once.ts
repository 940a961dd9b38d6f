/** Work that is done once, and only if someone asks for it. */
import type { IO } from 'fp-ts/IO'

/** A function that computes its value once, when it is first asked. */
export const once = <A>(f: IO<A>): IO<A> => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: f() }).value
}
