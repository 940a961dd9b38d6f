/** The cell that holds the calls of an app which are not finished. */
import type { IO } from 'fp-ts/IO'
import { interrupted } from '../../core/AgentError'
import { interrupt, type Live } from './Live'

/** Calls that are not finished. */
export interface Calls extends Iterable<Live> {
  /** Holds a call until it is removed. */
  readonly add: (call: Live) => void
  /** Lets go of a call: it is finished. */
  readonly remove: (call: Live) => void
  /** Resolves when there is none. */
  readonly whenEmpty: () => Promise<void>
}

/**
 * No call yet. An array with holes filled from its end, not a Set: a Set that is added to and deleted from leaves tables
 * behind that point to the next one, and the garbage collector takes their calls for live until its next full run.
 */
export const createCalls = (): Calls => {
  const calls: Array<Live> = []
  const waiting: Array<IO<void>> = []

  return {
    add: (call) => {
      call.at = calls.push(call) - 1
    },
    remove: (call) => {
      const last = calls.pop()
      if (last !== undefined && last !== call) {
        calls[call.at] = last
        last.at = call.at
      }
      call.at = -1
      if (calls.length === 0) for (const wake of waiting.splice(0)) wake()
    },
    whenEmpty: () =>
      new Promise((resolve) => {
        if (calls.length === 0) resolve()
        else waiting.push(resolve)
      }),
    [Symbol.iterator]: () => [...calls].values(),
  }
}

/** Interrupts the invocations of a session that are under way, but for one that asks for it; gives how many. */
export const cancelSession =
  (calls: Calls, sessionId: string, self?: Live): IO<number> =>
  () => {
    const others = [...calls].filter((call) => call.kind === 'request' && call.sessionId === sessionId && call !== self)
    others.forEach((call) => interrupt(call, interrupted))
    return others.length
  }
