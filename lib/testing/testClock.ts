/** A clock that a test moves. */
import type { Clock } from '../node/Clock'

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  /** Moves the time by so many milliseconds; timers that fall due run in their order. */
  readonly advance: (ms: number) => void
  /** How many timers wait. */
  readonly pending: () => number
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

/**
 * A clock that only moves when a test advances it, starting at the given milliseconds since the epoch. Pass it to
 * `createApp` as `clock`.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, Handler } from 'agentcore-fp'
 * import { testClock } from 'agentcore-fp/testing'
 *
 * const clock = testClock(Date.UTC(2030, 0, 1))
 * export const app = createApp(entrypoint(Handler.fromSync(() => 'hello')), { clock })
 * clock.advance(5000)
 * ```
 */
export const testClock = (start = 0): TestClock => {
  let now = start
  const timers = new Set<Timer>()
  const next = (until: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  return {
    now: () => now,
    pending: () => timers.size,
    after: (ms, run) => {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance: (ms) => {
      const until = now + ms
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer)
        now = timer.at
        timer.run()
      }
      now = until
    },
  }
}
