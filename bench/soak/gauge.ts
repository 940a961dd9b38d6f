/** Counts what is under way: a generator that is never closed stays counted. */
import type { IO } from 'fp-ts/IO'

/** A number that goes up with `enter` and down with the effect that `enter` gives. */
export interface Gauge {
  readonly enter: IO<IO<void>>
  readonly count: IO<number>
}

/** Nothing is under way yet. */
export const createGauge = (): Gauge => {
  let count = 0
  return {
    enter: () => {
      count += 1
      return () => {
        count -= 1
      }
    },
    count: () => count,
  }
}
