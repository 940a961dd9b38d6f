/**
 * What a client knows and can do before it is asked for anything: which agent, who asks, and the effects. All that
 * changes or waits is a capability, so that a spec can put in its own.
 *
 * @since 0.2.0
 */
import type { IO } from 'fp-ts/IO'
import type { IORef } from 'fp-ts/IORef'
import type { Option } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'
import type { Transport } from './Transport'

/** Keys that requests are signed with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** How a call says who it is. */
export type Auth =
  | { readonly _tag: 'SigV4'; readonly credentials: TaskEither<ClientError, Credentials> }
  | { readonly _tag: 'Bearer'; readonly token: TaskEither<ClientError, string> }
  | { readonly _tag: 'Anonymous' }

/**
 * The agent that is talked to. `Deployed` speaks the data plane's API below `/runtimes/{arn}` of `origin`; `Plain` is a
 * server of `/invocations` and `/ws`, as an agent itself is on a laptop. Make one with `Target.deployed` or
 * `Target.plain`, which let nothing through that could change the host. An origin may have a path and ends in no slash.
 */
export type Target =
  | {
      readonly _tag: 'Deployed'
      readonly origin: string
      readonly arn: string
      readonly region: string
      readonly qualifier: Option<string>
    }
  | { readonly _tag: 'Plain'; readonly origin: string; readonly region: string }

/** All of it. Times are milliseconds. */
export interface Environment {
  readonly target: Target
  readonly auth: Auth
  readonly transport: Transport
  /** How long a connection may take to be made. */
  readonly connectTimeout: number
  /** How long an answer may be silent; 0 is without limit. */
  readonly idleTimeout: number
  /** How often a call is tried at most. */
  readonly attempts: number
  /** Milliseconds since the epoch. */
  readonly now: IO<number>
  /**
   * How far the clock of the service is ahead of `now`, in milliseconds, as its last refusal of a signature told. Signatures
   * are dated by it.
   */
  readonly skew: IORef<number>
  /** At least 0, below 1. */
  readonly random: IO<number>
  readonly newId: IO<string>
  /** Ends early when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Task<void>
  /** Closes the connections that the transport keeps. */
  readonly close: IO<void>
}
