/**
 * A bound on bytes that several requests hold in memory at once. Whoever takes bytes gives them back.
 *
 * @since 0.1.0
 */

/** What one request holds of a budget. */
export interface Hold {
  /** Takes so many bytes more; false, and nothing is taken, where that would exceed the budget. */
  readonly take: (bytes: number) => boolean
  /** Gives everything back. */
  readonly release: () => void
}

/** A bound on bytes held at once. */
export interface Budget {
  readonly limit: number
  /** A hold of no bytes yet. */
  readonly hold: () => Hold
}

/** A budget of so many bytes; 0 is without limit. */
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
