/** A contestant that answers wrongly ends the whole run: errors are quick, and must not pass for speed. */

/** The error that says so. */
export const wrong = (what: string, got: unknown): Error =>
  new Error(`answers wrongly: ${what}: ${String(got).slice(0, 200)}`)
