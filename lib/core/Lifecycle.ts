/**
 * Session lifetimes in seconds, as in `lifecycleConfiguration`.
 *
 * @since 0.2.0
 */

/** The idle timeout and the maximum lifetime of a session. */
export interface Lifecycle {
  readonly idleRuntimeSessionTimeout: number
  readonly maxLifetime: number
}

/** The service's defaults: 15 minutes and 8 hours. */
const defaults: Lifecycle = { idleRuntimeSessionTimeout: 900, maxLifetime: 28_800 }

/** A partial configuration. */
type Partly = { readonly [Name in keyof Lifecycle]?: number | null | undefined }

/** Applies the service's defaults. A lifetime alone that is shorter than the idle timeout also sets that. */
export const toLifecycle = ({ idleRuntimeSessionTimeout: idle, maxLifetime: life }: Partly): Lifecycle => {
  const maxLifetime = life ?? defaults.maxLifetime
  return {
    idleRuntimeSessionTimeout: idle ?? Math.min(defaults.idleRuntimeSessionTimeout, maxLifetime),
    maxLifetime,
  }
}
