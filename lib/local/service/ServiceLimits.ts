/**
 * Limits of the local runtime: the service's own where they make sense on one machine, plus limits for the machine
 * itself.
 */

/** Sizes are in bytes, durations in milliseconds; 0 means no limit. */
export interface Limits {
  /** The maximum number of sessions. */
  readonly maxSessions: number
  /** The maximum number of new sessions a second; the service allows 25. */
  readonly newSessionsPerSecond: number
  /** The maximum memory of one session's agent; by default, that of a microVM. */
  readonly maxMemory: number
  /** How long an agent may take to start until its first response to `/ping`. */
  readonly startTimeout: number
  /** How long an agent may take to exit after SIGTERM. */
  readonly stopTimeout: number
  /** The largest body of a request or of a response that is not a stream. */
  readonly maxPayload: number
  /** The largest event of a stream. */
  readonly maxChunk: number
  /** The timeout of a non-streaming invocation. */
  readonly syncTimeout: number
  /** The maximum duration of a stream or a WebSocket. */
  readonly streamTimeout: number
  /** The largest WebSocket message, in either direction. */
  readonly maxFrame: number
  /** How many messages a second a client may send on one WebSocket. */
  readonly framesPerSecond: number
  /** How long a client may read nothing of what is sent to it. */
  readonly sendTimeout: number
  /** The longest value of an allow-listed header. */
  readonly maxHeaderValue: number
}

const minute = 60_000

/** The service's limits, plus those that a laptop needs. */
export const serviceLimits: Limits = {
  maxSessions: 100,
  newSessionsPerSecond: 25,
  maxMemory: 8 * 1024 ** 3,
  startTimeout: minute / 2,
  stopTimeout: 5000,
  maxPayload: 100_000_000,
  maxChunk: 10_000_000,
  syncTimeout: 15 * minute,
  streamTimeout: 60 * minute,
  maxFrame: 65_536,
  framesPerSecond: 250,
  sendTimeout: minute / 2,
  maxHeaderValue: 4096,
}
