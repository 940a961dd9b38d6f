/**
 * The health that `/ping` reports: a status and the time of its last change, which moves exactly when the status does,
 * because the service derives a session's idle time from it.
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/**
 * `Healthy`: idle or serving; `HealthyBusy`: background work is running, so the session must outlive its idle timeout.
 */
export type Status = 'Healthy' | 'HealthyBusy'

/** A status, and the time of its last change in milliseconds since the epoch. */
export interface Health {
  readonly status: Status
  readonly since: number
}

/** The sources of a status; the first one present wins. */
export interface Sources {
  readonly forced: O.Option<Status>
  readonly custom: O.Option<Status>
  readonly automatic: Status
}

/** The response body of `/ping`. */
export interface Ping {
  readonly status: Status
  /** Whole seconds since the epoch. */
  readonly time_of_last_update: number
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A healthy status since the given milliseconds since the epoch.
 *
 * @example
 * ```ts
 * import { Health } from 'agentcore-fp'
 *
 * export const health = Health.healthy(Date.now())
 * ```
 */
export const healthy = (now: number): Health => ({ status: 'Healthy', since: now })

/**
 * Checks whether a value is a status, as a custom ping handler must return one.
 *
 * @example
 * ```ts
 * import { Health } from 'agentcore-fp'
 *
 * export const known = Health.isStatus('HealthyBusy') // true
 * ```
 */
export const isStatus = (value: unknown): value is Status => value === 'Healthy' || value === 'HealthyBusy'

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Picks the status that wins: forced before custom before automatic.
 *
 * @example
 * ```ts
 * import { Health } from 'agentcore-fp'
 * import { O } from 'agentcore-fp/fp'
 *
 * export const status = Health.resolve({ forced: O.none, custom: O.some('HealthyBusy'), automatic: 'Healthy' }) // 'HealthyBusy'
 * ```
 */
export const resolve = ({ forced, custom, automatic }: Sources): Status =>
  O.isSome(forced) ? forced.value : O.isSome(custom) ? custom.value : automatic

/**
 * Updates the health with a status seen at `now`. `since` changes only when the status does.
 *
 * @example
 * ```ts
 * import { Health } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const busy = pipe(Health.healthy(0), Health.observe('HealthyBusy', 5000)) // since 5000
 * ```
 */
export const observe =
  (status: Status, now: number) =>
  (health: Health): Health =>
    health.status === status ? health : { status, since: now }

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The response body of `/ping`.
 *
 * @example
 * ```ts
 * import { Health } from 'agentcore-fp'
 *
 * export const body = Health.toPing(Health.healthy(Date.now()))
 * ```
 */
export const toPing = (health: Health): Ping => ({
  status: health.status,
  time_of_last_update: Math.floor(health.since / 1000),
})
