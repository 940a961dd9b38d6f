/** Quotas for new sessions, as a value that each new session updates. */
import * as E from 'fp-ts/Either'
import { internal, quotaExceeded, type ServiceError, throttled } from './ServiceError'
import type { Limits } from './ServiceLimits'

/** The sessions started in the last second, and whether new ones are still allowed. */
export interface SessionQuota {
  readonly beginnings: ReadonlyArray<number>
  readonly isClosed: boolean
}

/** The quota before any session. */
export const unusedQuota: SessionQuota = { beginnings: [], isClosed: false }

/** The quota after one more session. Left: why no session can start. */
export const beginOne =
  ({ maxSessions, newSessionsPerSecond }: Limits) =>
  (quota: SessionQuota, active: number, now: number): E.Either<ServiceError, SessionQuota> => {
    if (quota.isClosed) return E.left(internal('The local runtime is shutting down'))
    if (maxSessions > 0 && active >= maxSessions)
      return E.left(quotaExceeded(`Maximum number of active sessions reached: ${maxSessions}`))
    if (newSessionsPerSecond === 0) return E.right(quota)
    const recent = quota.beginnings.filter((at) => now - at < 1000)
    return recent.length >= newSessionsPerSecond
      ? E.left(throttled(`Rate exceeded: ${newSessionsPerSecond} new sessions a second`))
      : E.right({ ...quota, beginnings: [...recent, now] })
  }
