/** Time as a capability, so that specs can control it. */

/** The time and one-shot timers, in milliseconds. */
export interface Clock {
  readonly now: () => number
  /** Calls `f` once after `ms`, unless the returned function is called first. Never keeps the process alive. */
  readonly after: (ms: number, f: () => void) => () => void
}

/** The system's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A monotonic view of a clock, so that timestamps keep their order when the clock is set back. */
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
