/**
 * How far a log was read. CloudWatch Logs takes events late and out of order, so each look goes back a little, and what was
 * seen already is told by the id of its event.
 */

/** An event of a log group. */
export interface LogEvent {
  readonly id: string
  readonly stream: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly message: string
}

/** How far was read. */
export interface LogCursor {
  /** Where the next look begins, in milliseconds since the epoch. */
  readonly from: number
  /** The events after that which were seen, and when they were. */
  readonly seen: ReadonlyMap<string, number>
}

/** How late an event may come, in milliseconds. */
export const lateness = 30_000

/** A cursor at a moment. */
export const cursorAt = (from: number): LogCursor => ({ from, seen: new Map() })

/** What of a look is new, in order of time, and where the next one begins. */
export const advance = (
  { from, seen }: LogCursor,
  events: ReadonlyArray<LogEvent>,
): { readonly fresh: ReadonlyArray<LogEvent>; readonly cursor: LogCursor } => {
  const known = new Map(seen)
  const fresh = events.filter(({ id, at }) => {
    if (known.has(id)) return false
    known.set(id, at)
    return true
  })
  const newest = fresh.reduce((last, { at }) => Math.max(last, at), from)
  const next = Math.max(from, newest - lateness)
  return {
    fresh: [...fresh].sort((a, b) => a.at - b.at),
    cursor: { from: next, seen: new Map([...known].filter(([, at]) => at >= next)) },
  }
}
