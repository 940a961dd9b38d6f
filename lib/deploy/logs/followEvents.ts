/** Follows a log group: looks again and again, and gives every event once. */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Pause } from '../aws/Waiting'
import type { DeployError } from '../failure/DeployError'
import { advance, cursorAt, type LogEvent } from './LogCursor'
import type { LogEvents } from './LogEvents'

/** What is followed, and how. */
export interface FollowOptions {
  readonly group: string
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly signal: AbortSignal
  readonly pause: Pause
  readonly onEvents: (events: ReadonlyArray<LogEvent>) => Promise<void>
  /** Called once if the group does not exist yet. */
  readonly onMissing: () => void
}

/** Milliseconds between two looks, and after AWS has throttled one. */
const interval = 1500
const longInterval = 10_000

/** Follows until the signal aborts. Left: whatever a look fails with, except for throttling, which only slows it down. */
export const followEvents =
  (
    { since }: LogEvents,
    { group, from, signal, pause, onEvents, onMissing }: FollowOptions,
  ): TE.TaskEither<DeployError, void> =>
  async () => {
    let cursor = cursorAt(from)
    let isMissing = false
    while (!signal.aborted) {
      const found = await since(group, cursor.from, signal)()
      if (signal.aborted) break
      if (E.isLeft(found) && found.left._tag !== 'Throttled') return found
      if (E.isRight(found) && found.right === undefined && !isMissing) {
        isMissing = true
        onMissing()
      }
      const { fresh, cursor: next } = advance(cursor, E.isRight(found) ? (found.right ?? []) : [])
      cursor = next
      if (fresh.length > 0) await onEvents(fresh)
      await pause(E.isLeft(found) ? longInterval : interval, signal)
    }
    return E.right(undefined)
  }
