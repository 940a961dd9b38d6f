/** How many messages have passed within the last second: a count that starts anew each second. */

/** The messages of the second that began then. */
export interface FrameRate {
  readonly since: number
  readonly count: number
}

/** Nothing has passed yet. */
export const noFrames: FrameRate = { since: -Infinity, count: 0 }

/** One more message passes. */
export const framed =
  (now: number) =>
  ({ since, count }: FrameRate): FrameRate =>
    now - since >= 1000 ? { since: now, count: 1 } : { since, count: count + 1 }

/** Whether that was one too many; 0 is without limit. */
export const isOverRate =
  (framesPerSecond: number) =>
  ({ count }: FrameRate): boolean =>
    framesPerSecond > 0 && count > framesPerSecond
