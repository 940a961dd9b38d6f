/**
 * Gathers what is sent within one tick into one write. It is here for speed: one write for sixteen answers, not sixteen
 * (see the figure of `WebSocket, 50 × 16 messages` in the benchmark), and nothing later than it would be without.
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
