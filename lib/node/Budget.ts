/**
 * A limit on the bytes that several requests hold in memory at once. Whoever takes bytes must release them.
 *
 * @since 0.1.0
 */

/** One request's share of a budget. */
export interface Hold {
  /** Takes that many more bytes; false, taking nothing, if that would exceed the budget. */
  readonly take: (bytes: number) => boolean
  /** Releases everything. */
  readonly release: () => void
}

/** A limit on bytes held at once. */
export interface Budget {
  readonly limit: number
  /** A new share, without bytes. */
  readonly hold: () => Hold
}

/** A budget of that many bytes; 0 means no limit. */
export const budget = (limit: number): Budget => {
  let used = 0
  return {
    limit,
    hold: () => {
      let held = 0
      return {
        take: (bytes) => {
          if (limit > 0 && used + bytes > limit) return false
          used += bytes
          held += bytes
          return true
        },
        release: () => {
          used -= held
          held = 0
        },
      }
    },
  }
}
