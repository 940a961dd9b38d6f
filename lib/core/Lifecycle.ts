/**
 * How long a session lives, in seconds, as `lifecycleConfiguration` says it.
 *
 * @since 0.2.0
 */

/** How long a session may be idle, and live at all. */
export interface Lifecycle {
  readonly idleRuntimeSessionTimeout: number
  readonly maxLifetime: number
}

/** The service's own: 15 minutes and 8 hours. */
const defaults: Lifecycle = { idleRuntimeSessionTimeout: 900, maxLifetime: 28_800 }

/** What a configuration may say of it. */
type Partly = { readonly [Name in keyof Lifecycle]?: number | null | undefined }

/** The service's defaults for what is missing. A lifetime alone that is shorter than the idle timeout is both. */
export const toLifecycle = ({ idleRuntimeSessionTimeout: idle, maxLifetime: life }: Partly): Lifecycle => {
  const maxLifetime = life ?? defaults.maxLifetime
  return {
    idleRuntimeSessionTimeout: idle ?? Math.min(defaults.idleRuntimeSessionTimeout, maxLifetime),
    maxLifetime,
  }
}
