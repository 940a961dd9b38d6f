/**
 * The life of one session, from its first invocation until its agent is gone; a session that has no life is stopped, and
 * its id may be used again. Every transition is total: where it has no meaning, life stays as it is. Moments and
 * durations are milliseconds.
 */
import * as O from 'fp-ts/Option'
import type { Lifecycle } from '../../core/Lifecycle'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What `/ping` says. */
export type Status = 'Healthy' | 'HealthyBusy'

/** A session whose agent answers. */
export interface Ready {
  readonly _tag: 'Ready'
  /** When its start began: the lifetime counts from there. */
  readonly startedAt: number
  readonly lastUsed: number
  readonly inFlight: number
  readonly sockets: number
  readonly status: Status
  /** When the status changed last, as the agent says it. */
  readonly statusSince: number
  /** How many background tasks run, if the agent tells it. */
  readonly tasks: O.Option<number>
  /** How many pings in a row were not answered. */
  readonly missed: number
}

/** Why a session is stopped. */
export type Why = 'idle' | 'maxLifetime' | 'asked' | 'memory' | 'shutdown'

export type Life =
  | { readonly _tag: 'Starting'; readonly startedAt: number }
  | Ready
  | { readonly _tag: 'Stopping'; readonly startedAt: number; readonly since: number; readonly why: Why }

/** An answer of `/ping`. The moment of the last change of the status and the tasks are there if the agent tells them. */
export interface Report {
  readonly status: Status
  readonly updatedAt: O.Option<number>
  readonly tasks: O.Option<number>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Its agent is being started. */
export const starting = (now: number): Life => ({ _tag: 'Starting', startedAt: now })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

const whenReady =
  (f: (ready: Ready) => Life) =>
  (life: Life): Life =>
    life._tag === 'Ready' ? f(life) : life

/** The agent has answered its first ping. */
export const ready =
  (now: number) =>
  (life: Life): Life =>
    life._tag === 'Starting'
      ? {
          _tag: 'Ready',
          startedAt: life.startedAt,
          lastUsed: now,
          inFlight: 0,
          sockets: 0,
          status: 'Healthy',
          statusSince: life.startedAt,
          tasks: O.none,
          missed: 0,
        }
      : life

/** What uses a session: an invocation holds it, a socket holds it by its messages alone, a look does not hold it. */
export type Kind = 'inFlight' | 'sockets' | 'look'

/** A use begins. */
export const enter = (now: number, kind: Kind): ((life: Life) => Life) =>
  whenReady((life) => (kind === 'look' ? life : { ...life, lastUsed: now, [kind]: life[kind] + 1 }))

/** A use ends. */
export const leave = (now: number, kind: Kind): ((life: Life) => Life) =>
  whenReady((life) => (kind === 'look' ? life : { ...life, lastUsed: now, [kind]: Math.max(0, life[kind] - 1) }))

/** A message of a socket has passed. */
export const touch = (now: number): ((life: Life) => Life) =>
  whenReady((life) => (life.lastUsed === now ? life : { ...life, lastUsed: now })) // sockets come here with every message

/** A ping was answered. The moment that the agent tells is believed, as the service does, but not one to come. */
export const reported = (now: number, { status, updatedAt, tasks }: Report): ((life: Life) => Life) =>
  whenReady((life) => {
    const unsaid = status === life.status ? life.statusSince : now
    return { ...life, status, tasks, missed: 0, statusSince: Math.min(now, O.getOrElse(() => unsaid)(updatedAt)) }
  })

/** A ping was not answered, or with an error. */
export const missedPing: (life: Life) => Life = whenReady((life) => ({ ...life, missed: life.missed + 1 }))

/** The agent is being stopped. */
export const stopping = (now: number, why: Why): ((life: Life) => Life) =>
  whenReady(({ startedAt }) => ({ _tag: 'Stopping', startedAt, since: now, why }))

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** What an invocation or a socket for a session has to do. */
export type Admission = 'Start' | 'Enter' | 'Conflict'

/** How a session takes an invocation; one that is being started or stopped takes none. */
export const admission = (life: Life | undefined): Admission => {
  if (life === undefined) return 'Start'
  return life._tag === 'Ready' ? 'Enter' : 'Conflict'
}

/** After how many unanswered pings in a row an agent counts as busy no longer. */
export const missesAllowed = 3

/** Whether background work holds the session. */
export const isBusy = (life: Ready): boolean => life.status === 'HealthyBusy' && life.missed < missesAllowed

/** Whether the time of the status moved between two pings although the status did not. */
export const movesAlone = (before: Ready, after: Ready): boolean =>
  after.status === before.status &&
  after.statusSince > before.statusSince &&
  before.missed === 0 &&
  before.statusSince !== before.startedAt // else the agent has not said a time before

/** The moment that the idle timeout counts from. */
export const idleSince = (life: Ready): number => Math.max(life.lastUsed, life.statusSince)

/** Why the session is to be stopped now, if it is: the lifetime ends whatever runs, idleness only what is not in use. */
export const due =
  (now: number, { idleRuntimeSessionTimeout, maxLifetime }: Lifecycle) =>
  (life: Life): O.Option<'idle' | 'maxLifetime'> => {
    if (life._tag !== 'Ready') return O.none
    if (now - life.startedAt >= maxLifetime * 1000) return O.some('maxLifetime')
    if (life.inFlight > 0 || isBusy(life)) return O.none
    return now - idleSince(life) >= idleRuntimeSessionTimeout * 1000 ? O.some('idle') : O.none
  }
