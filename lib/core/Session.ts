/**
 * Sessions: their ids, when they may be dropped, and where their state is kept. Who keeps the time and holds the table
 * is not here: every transition takes the moment as an argument.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, invalidSessionId } from './AgentError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** 1 to 256 visible ASCII characters. */
export type SessionId = string & { readonly SessionId: unique symbol }

/** Whether a request without a session id gets a fresh one or is refused with 400 `MISSING_SESSION_ID`. */
export type Policy = 'generate' | 'require'

/** State as it is kept: a JSON value and the moment of its last save, in milliseconds since the epoch. */
export interface Stored {
  readonly state: unknown
  readonly savedAt: number
}

/** Where the state of sessions is kept. Expiry and eviction are decided above it, by `remove`. */
export interface Store {
  readonly load: (id: SessionId) => TaskEither<AgentError, Option<Stored>>
  readonly save: (id: SessionId, stored: Stored) => TaskEither<AgentError, void>
  readonly remove: (id: SessionId) => TaskEither<AgentError, void>
  /** Removes what was saved before a moment, in milliseconds since the epoch, by an earlier process. */
  readonly sweep?: (before: number) => TaskEither<AgentError, void>
}

/** The state of one session, as a handler reaches it: `context.session`. */
export interface Access {
  /** The state, encoded; none before the first save and after expiry. */
  readonly load: TaskEither<AgentError, Option<unknown>>
  readonly save: (state: unknown) => TaskEither<AgentError, void>
  readonly clear: TaskEither<AgentError, void>
  /** Waits until no one else holds the session; gives what releases it. Left `Cancelled` if the client leaves first. */
  readonly lock: TaskEither<AgentError, IO<void>>
  /**
   * Ends the other invocations of the session that are under way, as a stop button does: their `signal` aborts, and
   * their clients are told `INTERRUPTED`. Gives how many. Sockets and tasks go on.
   */
  readonly cancel: IO<number>
}

/** Who uses a session now, and when it was last used, in milliseconds since the epoch. */
export interface Use {
  readonly users: number
  readonly lastUsed: number
}

/** The idle timeout of the service: 15 minutes, in milliseconds. */
export const idleTimeout = 15 * 60 * 1000

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const visible = /^[\x21-\x7e]{1,256}$/

/** A session id from text. Left `InvalidSessionId` unless it is 1 to 256 visible ASCII characters. */
export const parseId = (text: string): E.Either<AgentError, SessionId> =>
  visible.test(text) ? E.right(text as SessionId) : E.left(invalidSessionId) // the test is what the brand stands for

/** A session that nobody uses yet. */
export const unused = (now: number): Use => ({ users: 0, lastUsed: now })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** A request, stream, socket or task of the session begins. */
export const enter =
  (now: number) =>
  (use: Use): Use => ({ users: use.users + 1, lastUsed: now })

/** One of them ends. */
export const leave =
  (now: number) =>
  (use: Use): Use => ({ users: Math.max(0, use.users - 1), lastUsed: now })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether nobody uses the session, and nobody has for the given time. */
export const isExpired =
  (now: number, timeout: number) =>
  (use: Use): boolean =>
    use.users === 0 && now - use.lastUsed >= timeout

/** The sessions that have expired. */
export const expired =
  (now: number, timeout: number) =>
  (uses: Iterable<readonly [SessionId, Use]>): ReadonlyArray<SessionId> =>
    [...uses].filter(([, use]) => isExpired(now, timeout)(use)).map(([id]) => id)

/** The session to give up for a new one: of those that nobody uses the one used longest ago, if there is one. */
export const leastRecentlyUsed = (uses: Iterable<readonly [SessionId, Use]>): SessionId | undefined => {
  let oldest: readonly [SessionId, Use] | undefined
  for (const entry of uses) {
    if (entry[1].users === 0 && (oldest === undefined || entry[1].lastUsed < oldest[1].lastUsed)) oldest = entry
  }
  return oldest?.[0]
}
