/** What the local runtime bounds: the service's own limits where they make sense on one machine, and the machine's. */

/** Sizes in bytes, durations in milliseconds; 0 is without limit. */
export interface Limits {
  /** How many sessions there may be at once. */
  readonly maxSessions: number
  /** How many sessions may begin in a second: 25, as the service allows. */
  readonly newSessionsPerSecond: number
  /** The most memory that the agent of one session may have: that of a microVM. */
  readonly maxMemory: number
  /** How long an agent may take from its start to its first answer on `/ping`. */
  readonly startTimeout: number
  /** How long an agent may take to end after SIGTERM. */
  readonly stopTimeout: number
  /** The largest body, of a request and of an answer that is no stream. */
  readonly maxPayload: number
  /** The largest event of a stream. */
  readonly maxChunk: number
  /** How long an invocation may take that does not stream. */
  readonly syncTimeout: number
  /** How long a stream or a WebSocket may last. */
  readonly streamTimeout: number
  /** The largest message on a WebSocket, in both directions. */
  readonly maxFrame: number
  /** How many messages a client may send in a second on one WebSocket. */
  readonly framesPerSecond: number
  /** How long a client may take nothing of what is sent to it. */
  readonly sendTimeout: number
  /** The longest value of a header of the allow-list. */
  readonly maxHeaderValue: number
}

const minute = 60_000

/** The service's limits, and what else a laptop needs. */
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
