/**
 * A provider's keys, kept: asked for once however many wait for them, again when they are old or a token names a key
 * that is not among them, and served on while the provider is down.
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import { type AuthError, providerUnavailable } from '../rules/AuthError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How long keys are kept, in milliseconds. */
export interface CacheTimes {
  /** After how long they are asked for again. */
  readonly maxAge: number
  /** For how long they serve when they cannot be asked for again. */
  readonly maxStale: number
  /** How long after they were asked for an unknown key is no reason to ask again. */
  readonly cooldown: number
  /** How long after a failure they are not asked for again. */
  readonly retry: number
}

/** What is held, and when it was asked for. */
export interface CachedKeys<A> {
  readonly value: O.Option<{ readonly value: A; readonly at: number }>
  readonly requestedAt: number
  /** Why the last time was in vain. */
  readonly failure: O.Option<unknown>
}

/** What to do for someone who wants the keys: `Newer` than those held, since they have not what a token names. */
export type Want = 'Any' | 'Newer'

/** Gives keys. */
export interface KeyCache<A> {
  /** Reports a failure that is survived with the keys that are held, once until they can be had again. */
  readonly take: (want: Want, report: Report) => TE.TaskEither<AuthError, A>
}

/** Takes a failure. */
export type Report = (failure: unknown) => void

// ---------------------------------------------------------------------------------------------------------------------
// decisions
// ---------------------------------------------------------------------------------------------------------------------

/** Nothing is held yet. */
export const nothing: CachedKeys<never> = { value: O.none, requestedAt: -Infinity, failure: O.none }

/** Whether the provider must be asked now. */
export const mustRefresh =
  ({ maxAge, cooldown, retry }: CacheTimes) =>
  <A>({ value, requestedAt: askedAt, failure }: CachedKeys<A>, want: Want, now: number): boolean => {
    const since = now - askedAt
    if (O.isSome(failure) && since < retry) return false
    if (O.isNone(value)) return true
    return now - value.value.at >= maxAge || (want === 'Newer' && since >= cooldown)
  }

/** What can be had without asking: what is held, unless it is too old. */
export const current =
  ({ maxStale, retry }: CacheTimes) =>
  <A>({ value, failure }: CachedKeys<A>, now: number): E.Either<AuthError, A> =>
    O.isSome(value) && now - value.value.at < maxStale
      ? E.right(value.value.value)
      : E.left(providerUnavailable(O.toUndefined(failure), retry))

// ---------------------------------------------------------------------------------------------------------------------
// the cell
// ---------------------------------------------------------------------------------------------------------------------

/** Keeps what `ask` gives. */
export const createKeyCache = <A>(times: CacheTimes, now: IO<number>, ask: TE.TaskEither<unknown, A>): KeyCache<A> => {
  let held: CachedKeys<A> = nothing
  let flight: Promise<void> | undefined

  const refresh = async (report: Report): Promise<void> => {
    held = { ...held, requestedAt: now() }
    const asked = await ask()
    const isNews = O.isNone(held.failure) && E.isRight(current(times)(held, now()))
    if (E.isLeft(asked) && isNews) report(asked.left)
    held = E.isRight(asked)
      ? { ...held, value: O.some({ value: asked.right, at: now() }), failure: O.none }
      : { ...held, requestedAt: now(), failure: O.some(asked.left) }
  }

  return {
    take: (want, report) => async () => {
      if (flight === undefined && mustRefresh(times)(held, want, now())) {
        flight = refresh(report).finally(() => {
          flight = undefined
        })
      }
      // Who can be served at once does not wait for an answer that was asked for by someone else.
      const here = current(times)(held, now())
      if (flight !== undefined && (want === 'Newer' || E.isLeft(here) || mustWait(times, held, now()))) await flight
      return current(times)(held, now())
    },
  }
}

/** Old keys may have been withdrawn: the answer of the provider is waited for, unless it is known to be down. */
const mustWait = <A>({ maxAge }: CacheTimes, { value, failure }: CachedKeys<A>, now: number): boolean =>
  O.isNone(value) || (now - value.value.at >= maxAge && O.isNone(failure))
