/** Counts messages per second; the count restarts each second. */

/** The messages in the second that starts at `since`. */
export interface FrameRate {
  readonly since: number
  readonly count: number
}

/** The state before the first message. */
export const noFrames: FrameRate = { since: -Infinity, count: 0 }

/** Counts one more message. */
export const framed =
  (now: number) =>
  ({ since, count }: FrameRate): FrameRate =>
    now - since >= 1000 ? { since: now, count: 1 } : { since, count: count + 1 }

/** Whether the limit is exceeded; 0 means no limit. */
export const isOverRate =
  (framesPerSecond: number) =>
  ({ count }: FrameRate): boolean =>
    framesPerSecond > 0 && count > framesPerSecond
