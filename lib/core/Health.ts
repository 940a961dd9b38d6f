/**
 * What `/ping` tells the service: a status and the moment of its last change. The service stops an idle session by
 * that moment, so it moves exactly when the status changes.
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** `Healthy`: idle or serving; `HealthyBusy`: background work runs, the session must outlive its idle timeout. */
export type Status = 'Healthy' | 'HealthyBusy'

/** A status and the milliseconds since the epoch at which it became so. */
export interface Health {
  readonly status: Status
  readonly since: number
}

/** Where a status can come from; the first one present counts. */
export interface Sources {
  readonly forced: O.Option<Status>
  readonly custom: O.Option<Status>
  readonly automatic: Status
}

/** The body of an answer to `/ping`. */
export interface Ping {
  readonly status: Status
  /** Whole seconds since the epoch. */
  readonly time_of_last_update: number
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Healthy since the given moment, in milliseconds since the epoch. */
export const healthy = (now: number): Health => ({ status: 'Healthy', since: now })

/** Whether a value is a status, as a custom ping handler must give one. */
export const isStatus = (value: unknown): value is Status => value === 'Healthy' || value === 'HealthyBusy'

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** The status that counts: forced before custom before automatic. */
export const resolve = ({ forced, custom, automatic }: Sources): Status =>
  O.isSome(forced) ? forced.value : O.isSome(custom) ? custom.value : automatic

/** The health after a status was seen at `now`: the same value unless the status differs. */
export const observe =
  (status: Status, now: number) =>
  (health: Health): Health =>
    health.status === status ? health : { status, since: now }

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** The body of an answer to `/ping`. */
export const toPing = (health: Health): Ping => ({
  status: health.status,
  time_of_last_update: Math.floor(health.since / 1000),
})
