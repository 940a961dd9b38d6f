/** Time as a capability, so that specs can move it. */

/** The time and one-shot timers, in milliseconds. */
export interface Clock {
  readonly now: () => number
  /** Calls `f` once after `ms` unless the returned function is called first. Never keeps the process alive. */
  readonly after: (ms: number, f: () => void) => () => void
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** The time of a clock, which stands still where the clock is set back: moments that are compared keep their order. */
export const steady = ({ now }: Pick<Clock, 'now'>): (() => number) => {
  let last = -Infinity
  let behind = 0
  return () => {
    const read = now()
    if (read < last) behind += last - read
    last = read
    return read + behind
  }
}
