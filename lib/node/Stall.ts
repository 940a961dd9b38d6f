/**
 * Which connections have bytes to send that their peers do not take. Such bytes stay in memory for as long as the peer
 * likes, unless the connection is closed.
 *
 * @since 0.1.0
 */

/** A connection, as far as it is looked at here: a stream of Node. */
export interface Sending {
  readonly writableLength: number
}

/** How much of what was written the system has taken from a connection, and how much waits. */
interface Outflow {
  readonly taken: number
  readonly pending: number
}

const numberIn = (value: object, name: string): number => {
  const found: unknown = name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined // any object may be read so
  return typeof found === 'number' ? found : 0
}

/**
 * Node does not make public how much of a write is done until all of it is, and a slow reader of a large response is
 * not one that reads nothing. The handle of a socket knows; any other stream is judged by its queue alone.
 */
const toOutflow = (connection: Sending): Outflow => {
  const handle: unknown = '_handle' in connection ? connection._handle : undefined
  if (typeof handle !== 'object' || handle === null) {
    return { taken: -connection.writableLength, pending: connection.writableLength }
  }
  const queued = numberIn(handle, 'writeQueueSize')
  return { taken: numberIn(handle, 'bytesWritten') - queued, pending: Math.max(queued, connection.writableLength) }
}

/** Looks at all connections at a moment in milliseconds; gives those whose peers took nothing for as long as the limit. */
export type StallWatch<C extends Sending> = (connections: Iterable<C>, now: number) => ReadonlyArray<C>

/** A watch that has seen nothing yet. `limit` is in milliseconds. */
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

/** How often to look for a given limit, in milliseconds: late by a quarter of it at most. */
export const lookEvery = (limit: number): number => Math.max(10, Math.min(10_000, Math.ceil(limit / 4)))
