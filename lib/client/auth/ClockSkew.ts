/**
 * Corrects the clock that signatures are dated by. The service refuses a signature that is dated more than five minutes
 * off, and its refusal says what time it is.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Environment } from '../transport/Environment'

/** The part of an environment that says what time it is. */
export type ClockEnvironment = Pick<Environment, 'auth' | 'now' | 'skew'>

/** A refusal by its head. */
interface Refusal {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/** Less than the five minutes of the service: `Date` has whole seconds, and the response took a while. */
const tolerated = 240_000

const refusals: ReadonlySet<number> = new Set([400, 401, 403])

/**
 * Sets the clock by the `Date` of a refusal, if it is too far from the time that the request was signed with. True if the
 * request is worth another try.
 */
export const correctClock =
  ({ auth, now, skew }: ClockEnvironment) =>
  ({ status, headers }: Refusal): IO<boolean> =>
  () => {
    if (auth._tag !== 'SigV4' || !refusals.has(status)) return false
    const ahead = Date.parse(headers['date'] ?? '') - now()
    if (Number.isNaN(ahead) || Math.abs(ahead - skew.read()) <= tolerated) return false
    skew.write(ahead)()
    return true
  }

/** Does something once more if a refusal has corrected the clock meanwhile. */
export const againWithClock =
  ({ skew }: ClockEnvironment) =>
  <L, A>(task: TaskEither<L, A>): TaskEither<L, A> =>
  async () => {
    const before = skew.read()
    const outcome = await task()
    return E.isRight(outcome) || skew.read() === before ? outcome : task()
  }
