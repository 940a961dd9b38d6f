/**
 * What the local runtime says of an agent that failed, beside the fixed text that AgentCore would send. AgentCore itself
 * never sends it.
 *
 * @since 0.2.0
 */

/** The account of the local runtime. */
export interface LocalFailure {
  /** What happened to the agent, in words. */
  readonly reason: string
  /** The log file with its output. */
  readonly log?: string
  /** What the agent itself responded, if it did. `code` and `details` are those of an agent of this package. */
  readonly answer?: LocalAnswer
}

/** What an agent responded with an error status. */
export interface LocalAnswer {
  readonly error: string
  readonly code?: string
  readonly details?: unknown
}
