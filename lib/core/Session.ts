/**
 * Sessions: their ids, when they may be dropped, and where their state is kept. Who keeps the time and holds the table
 * is not here: every transition takes the moment as an argument.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, invalidSessionId } from './AgentError'
import type { Log } from './Log'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** 1 to 256 visible ASCII characters. */
export type SessionId = string & { readonly SessionId: unique symbol }

/** Whether a request without a session id gets a fresh one or is refused with 400 `MISSING_SESSION_ID`. */
export type Policy = 'generate' | 'require'

/** State as it is kept: a JSON value, the moment of its last save, and the mark of that save. */
export interface Stored {
  readonly state: unknown
  /** Milliseconds since the epoch. */
  readonly savedAt: number
  /** Different for every save, made by the app. A store gives back what it was given. */
  readonly version?: string | undefined
}

/** What an app remembers of the state that it last loaded or saved, to find out whether it has changed since. */
export type Seen = Pick<Stored, 'savedAt' | 'version'>

/**
 * Where the state of sessions is kept. Expiry and eviction are decided by the app.
 *
 * `load`, `save` and `remove` are enough for a store that one app uses. Apps that share a store, in one process or in
 * several, need `lock` and `removeIf` as well: without `lock` two of them may answer invocations of one session at the
 * same time, and the later save wins; without `removeIf` an app compares and then removes, and a save of another app
 * between the two is lost. What a store must guarantee:
 *
 * - `load` gives what the last completed `save` was given, `version` included; none before the first one and after a
 *   removal. A state is never seen half-written.
 * - `removeIf` compares and removes in one step: no `save` comes between.
 * - `lock` has one holder for each id. It resolves when it is held, or with none soon after the signal has aborted. The
 *   lock of a process that has died is given to the next one that asks.
 * - A failure is a left, made by `AgentError.storeFailed`. It leaves the state as it was.
 */
export interface Store {
  /** `log` is the app's, for what its operator should know. */
  readonly load: (id: SessionId, log?: Log) => TaskEither<AgentError, Option<Stored>>
  readonly save: (id: SessionId, stored: Stored) => TaskEither<AgentError, void>
  readonly remove: (id: SessionId) => TaskEither<AgentError, void>
  /**
   * Removes the state if it is what the app last saw, see `isUnchanged`, and gives whether it was. An app drops what it
   * has evicted or what has expired with it, so that it never removes what another app has saved since.
   */
  readonly removeIf?: (id: SessionId, seen: Seen) => TaskEither<AgentError, boolean>
  /** Waits until no other app holds the session; gives what releases it, or none if the signal aborts first. */
  readonly lock?: (id: SessionId, signal: AbortSignal) => TaskEither<AgentError, Option<Task<void>>>
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

/**
 * Parses a session id. Left `InvalidSessionId` unless it is 1 to 256 visible ASCII characters.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 *
 * export const id = Session.parseId('user-7-conversation-1')
 * ```
 */
export const parseId = (text: string): E.Either<AgentError, SessionId> =>
  visible.test(text) ? E.right(text as SessionId) : E.left(invalidSessionId) // the test is what the brand stands for

/**
 * The use of a session that nothing uses yet.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 *
 * export const use = Session.unused(Date.now())
 * ```
 */
export const unused = (now: number): Use => ({ users: 0, lastUsed: now })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Records that a request, stream, socket or task of the session starts.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 *
 * export const use = pipe(Session.unused(0), Session.enter(1000)) // one user
 * ```
 */
export const enter =
  (now: number) =>
  (use: Use): Use => ({ users: use.users + 1, lastUsed: now })

/**
 * Records that a request, stream, socket or task of the session ends.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 *
 * export const use = pipe(Session.unused(0), Session.enter(1000), Session.leave(2000)) // no user, last used at 2000
 * ```
 */
export const leave =
  (now: number) =>
  (use: Use): Use => ({ users: Math.max(0, use.users - 1), lastUsed: now })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Checks whether a session has been unused for the given time, in milliseconds.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 *
 * export const isOver = pipe(Session.unused(0), Session.isExpired(Date.now(), Session.idleTimeout)) // true
 * ```
 */
export const isExpired =
  (now: number, timeout: number) =>
  (use: Use): boolean =>
    use.users === 0 && now - use.lastUsed >= timeout

/**
 * Checks whether stored state is still the one that an app has loaded or saved, for stores that several apps share. Stores
 * that keep no version are compared by the time of the save.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 *
 * export const same = Session.isUnchanged({ savedAt: 1, version: 'a' })({ savedAt: 1, version: 'b' }) // false
 * ```
 */
export const isUnchanged =
  (seen: Seen) =>
  ({ savedAt, version }: Seen): boolean =>
    savedAt === seen.savedAt && (version === undefined || seen.version === undefined || version === seen.version)

/**
 * The ids of the sessions that have expired.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 *
 * export const ids = pipe(
 *   Session.parseId('s-1'),
 *   E.map((id) => Session.expired(Date.now(), Session.idleTimeout)([[id, Session.unused(0)]])), // ['s-1']
 * )
 * ```
 */
export const expired =
  (now: number, timeout: number) =>
  (uses: Iterable<readonly [SessionId, Use]>): ReadonlyArray<SessionId> =>
    [...uses].filter(([, use]) => isExpired(now, timeout)(use)).map(([id]) => id)

/**
 * The unused session to evict for a new one: the one that was used longest ago, if there is any.
 *
 * @example
 * ```ts
 * import { Session } from 'agentcore-fp'
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 *
 * export const evicted = pipe(
 *   Session.parseId('s-1'),
 *   E.map((id) => Session.leastRecentlyUsed([[id, Session.unused(0)]])), // 's-1'
 * )
 * ```
 */
export const leastRecentlyUsed = (uses: Iterable<readonly [SessionId, Use]>): SessionId | undefined => {
  let oldest: readonly [SessionId, Use] | undefined
  for (const entry of uses) {
    if (entry[1].users === 0 && (oldest === undefined || entry[1].lastUsed < oldest[1].lastUsed)) oldest = entry
  }
  return oldest?.[0]
}
