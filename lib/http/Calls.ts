/** The cell that holds the calls of an app which are not finished. */
import type { IO } from 'fp-ts/IO'
import { interrupted } from '../core/AgentError'
import type { Live } from './Live'

/** Calls that are not finished. */
export interface Calls extends Iterable<Live> {
  /** Holds a call until the returned effect runs, once. */
  readonly add: (call: Live) => IO<void>
  /** Resolves when there is none. */
  readonly whenEmpty: () => Promise<void>
}

/** A place in the array, which the call there can be moved out of. */
interface Slot {
  readonly call: Live
  at: number
}

/**
 * No call yet. An array with holes filled from its end, not a Set: a Set that is added to and deleted from leaves tables
 * behind that point to the next one, and the garbage collector takes their calls for live until its next full run.
 */
export const createCalls = (): Calls => {
  const slots: Array<Slot> = []
  const waiting: Array<IO<void>> = []

  const remove = (slot: Slot): void => {
    const last = slots.pop()
    if (last !== undefined && last !== slot) {
      slots[slot.at] = last
      last.at = slot.at
    }
    if (slots.length === 0) for (const wake of waiting.splice(0)) wake()
  }

  return {
    add: (call) => {
      const slot: Slot = { call, at: slots.length }
      slots.push(slot)
      return () => remove(slot)
    },
    whenEmpty: () =>
      new Promise((resolve) => {
        if (slots.length === 0) resolve()
        else waiting.push(resolve)
      }),
    [Symbol.iterator]: () => slots.map(({ call }) => call).values(),
  }
}

/** Interrupts the invocations of a session that are under way, but for one that asks for it; gives how many. */
export const cancelSession =
  (calls: Calls, sessionId: string, self?: Live): IO<number> =>
  () => {
    const others = [...calls].filter((call) => call.kind === 'request' && call.sessionId === sessionId && call !== self)
    others.forEach((call) => call.interrupt(interrupted))
    return others.length
  }
