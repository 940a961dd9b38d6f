/**
 * Finds stalled connections, whose peers do not read. Their unsent bytes stay in memory until the connection is closed.
 *
 * @since 0.1.0
 */

/** The part of a connection that is inspected: a Node stream. */
export interface Sending {
  readonly writableLength: number
}

/** How many bytes the system has taken from a connection, and how many are still queued. */
interface Outflow {
  readonly taken: number
  readonly pending: number
}

const numberIn = (value: object, name: string): number => {
  const found: unknown = name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined
  return typeof found === 'number' ? found : 0
}

/**
 * The progress of a partial write, which Node does not make public: without it, a slow reader of a large response would
 * pass for a stalled one. The handle of a socket has it; any other stream is judged by its queue alone.
 */
const toOutflow = (connection: Sending): Outflow => {
  const handle: unknown = '_handle' in connection ? connection._handle : undefined
  if (typeof handle !== 'object' || handle === null) {
    return { taken: -connection.writableLength, pending: connection.writableLength }
  }
  const queued = numberIn(handle, 'writeQueueSize')
  return { taken: numberIn(handle, 'bytesWritten') - queued, pending: Math.max(queued, connection.writableLength) }
}

/**
 * Inspects all connections at a time in milliseconds; returns those that have been stalled for as long as the limit.
 */
export type StallWatch<C extends Sending> = (connections: Iterable<C>, now: number) => ReadonlyArray<C>

/** A watch without observations. `limit` is in milliseconds. */
export const stallWatch = <C extends Sending>(limit: number): StallWatch<C> => {
  let seen: ReadonlyMap<C, { readonly taken: number; readonly since: number }> = new Map()
  return (connections, now) => {
    const next = new Map<C, { readonly taken: number; readonly since: number }>()
    const stalled: Array<C> = []
    for (const connection of connections) {
      if (connection.writableLength === 0) continue
      const { taken, pending } = toOutflow(connection)
      if (pending === 0) continue
      const before = seen.get(connection)
      const since = before?.taken === taken ? before.since : now
      if (now - since >= limit) stalled.push(connection)
      else next.set(connection, { taken, since })
    }
    seen = next
    return stalled
  }
}

/** The interval of inspections for a limit, in milliseconds: detection is late by at most a quarter of the limit. */
export const lookEvery = (limit: number): number => Math.max(10, Math.min(10_000, Math.ceil(limit / 4)))
