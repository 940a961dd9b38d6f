/** Waiting for the service: time is an argument, so that specs do not wait. */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { type DeployError, interrupted, notReady } from '../failure/DeployError'

/** Pauses; ends early when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

/** Pauses by the system's timers. */
export const systemPause: Pause = (ms, signal) =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })

/** How waiting goes. */
export interface WaitOptions {
  readonly pause: Pause
  readonly signal: AbortSignal
}

/** What a look at something says. */
export type Look<A> =
  { readonly _tag: 'Ready'; readonly value: A } | { readonly _tag: 'Waiting'; readonly status: string }

/** How often is looked, in milliseconds: often at first, since most things are quick. */
const intervals = [500, 1000, 1000, 2000]
const lastInterval = 3000

/** Looks until it is ready. Left: `NotReady` after so many seconds, `Interrupted`, and whatever a look fails with. */
export const until =
  (
    { pause, signal }: WaitOptions,
    what: string,
    seconds: number,
    onStatus: (status: string) => void = () => undefined,
  ) =>
  <A>(look: TE.TaskEither<DeployError, Look<A>>): TE.TaskEither<DeployError, A> =>
  async () => {
    let waited = 0
    for (let round = 0; ; round += 1) {
      if (signal.aborted) return E.left(interrupted)
      const found = await look()
      if (E.isLeft(found)) return found
      if (found.right._tag === 'Ready') return E.right(found.right.value)
      onStatus(found.right.status)
      if (waited >= seconds * 1000) return E.left(notReady(what, seconds))
      const interval = intervals[round] ?? lastInterval
      await pause(interval, signal)
      waited += interval
    }
  }

/** The waits before a new role can be taken on, in milliseconds: IAM tells its regions one after the other. */
const roleWaits = [5000, 10_000, 15_000]

/** Whether a service could not take a role on yet, or never will: it says the same for both. */
const isRolePending = (error: DeployError): boolean => {
  if (error._tag === 'BuildFailed') return isBeforeCommands.test(error.phase) && isRefusal.test(error.reason)
  return error._tag === 'ServiceFailed' && isRoleFailure.test(error.name) && isRefusal.test(error.reason)
}

const isRoleFailure =
  /^(ValidationException|InvalidParameterValueException|AccessDeniedException|InvalidInputException)$/

const isRefusal =
  /role validation failed|cannot be assumed|unable to assume|not authorized to (perform: sts:)?assume|access ?denied|not authorized to perform/i

/** A build that fails before the first of its commands has seen nothing of the source yet. */
const isBeforeCommands = /^(SUBMITTED|QUEUED|PROVISIONING|DOWNLOAD_SOURCE)$/

/** Runs a request again while a role is not known everywhere. */
export const retryRole =
  ({ pause, signal }: WaitOptions, onRetry: () => void) =>
  <A>(request: TE.TaskEither<DeployError, A>): TE.TaskEither<DeployError, A> =>
  async () => {
    for (const wait of roleWaits) {
      const result = await request()
      if (E.isRight(result) || !isRolePending(result.left)) return result
      onRetry()
      await pause(wait, signal)
      if (signal.aborted) return E.left(interrupted)
    }
    return request()
  }
