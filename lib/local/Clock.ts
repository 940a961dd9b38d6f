/** Time as a capability, so that specs can move it. */

/** The time and one-shot timers, in milliseconds. */
export interface Clock {
  readonly now: () => number
  /** Calls `f` once after `ms` unless the returned function is called first. */
  readonly after: (ms: number, f: () => void) => () => void
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}
