/**
 * One HTTP exchange, as an effect: a request is data, an answer is its head and a body that is pulled.
 *
 * @since 0.2.0
 */
import type { TaskEither } from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'

/** A request, whole. */
export interface Request {
  readonly method: 'GET' | 'POST'
  /** `https://host/path?query`, encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Bounds of an exchange, in milliseconds, and what ends it early. */
export interface Bounds {
  readonly connectTimeout: number
  readonly idleTimeout: number
  readonly signal?: AbortSignal
}

/** An answer whose body has not been read. */
export interface Answer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The bytes as they come, pulled: what is not pulled slows the sender. Ends early by `return`. Throws a `ClientError`:
   * `Truncated`, `IdleTimeout`, `Aborted` or `ConnectionFailed`.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** Sends a request. Left: `ConnectionFailed`, `ConnectTimeout`, `IdleTimeout`, `Aborted`. */
export type Transport = (request: Request, bounds: Bounds) => TaskEither<ClientError, Answer>
