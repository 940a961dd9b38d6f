/**
 * Makes functions in the options total: what one throws, rejects with or wrongly returns is replaced by a default, or
 * fails only the operation that called it.
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, checked, isAgentError, storeFailed } from '../../core/AgentError'
import { call, disregard } from '../../core/Call'
import { parseId, type Stored } from '../../core/Session'
import { type Clock, systemClock } from '../../node/Clock'
import { randomUuid } from '../../node/RandomUuid'

/** Reports what a function threw when nobody waits for it. */
export type Report = (cause: unknown) => void

/** The time by a supplied clock; the system's if that throws or returns no number. */
export const safeClock = (clock: Clock): Clock =>
  clock === systemClock
    ? clock
    : {
        now: () => {
          try {
            const now: unknown = clock.now()
            if (typeof now === 'number' && Number.isFinite(now)) return now
            disregard(now)
            return systemClock.now()
          } catch {
            return systemClock.now()
          }
        },
        after: (ms, f) => {
          try {
            const cancel = clock.after(ms, f)
            disregard(cancel)
            return () => void attempt(cancel)
          } catch {
            return systemClock.after(ms, f)
          }
        },
      }

const attempt = (f: IO<unknown>): unknown => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** An id by a supplied function; a random one if that throws or returns no 1 to 256 visible ASCII characters. */
export const safeId =
  (newId: IO<string>): IO<string> =>
  () => {
    const made = attempt(newId)
    disregard(made)
    return typeof made === 'string' && E.isRight(parseId(made)) ? made : randomUuid()
  }

const orStoreFailed = (error: AgentError): AgentError =>
  error._tag === 'Unexpected' ? storeFailed(error.cause) : error

/** A store operation that never throws or rejects; its left is an `AgentError`. */
export const operation =
  <A>(run: () => TaskEither<AgentError, A>, isResult: (value: unknown) => boolean): TaskEither<AgentError, A> =>
  async () => {
    try {
      const result = checked<A>(await call(run()))
      if (E.isLeft(result)) return E.left(orStoreFailed(result.left))
      return isResult(result.right)
        ? result
        : E.left(storeFailed(new TypeError('The store resolved with a value of the wrong type')))
    } catch (cause) {
      return E.left(isAgentError(cause) ? cause : storeFailed(cause))
    }
  }

/** Whether a value is a valid result of `load`. */
export const isLoaded = (value: unknown): value is O.Option<Stored> => {
  if (typeof value !== 'object' || value === null || !('_tag' in value)) return false
  if (value._tag !== 'Some') return value._tag === 'None'
  const stored: unknown = 'value' in value ? value.value : undefined
  return typeof stored === 'object' && stored !== null && 'savedAt' in stored && typeof stored.savedAt === 'number'
}

/** For operations without a result. */
export const isAnything = (): boolean => true

/** A hook that never throws; what it throws or rejects with is reported. */
export const safeHook =
  <Args extends ReadonlyArray<unknown>>(hook: (...args: Args) => void, report: Report): ((...args: Args) => void) =>
  (...args) => {
    const run = async (): Promise<void> => hook(...args) // typed void, which admits an async function
    run().catch(report)
  }
