/** A failure in words. */
export interface Explanation {
  readonly message: string
  /** What to do next; empty if there is nothing to say. */
  readonly next: string
  readonly details: ReadonlyArray<string>
}
