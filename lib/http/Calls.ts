/** The cell that holds the calls of an app which are not finished. */
import type { IO } from 'fp-ts/IO'
import type { Live } from './Live'

/** Calls that are not finished. */
export interface Calls extends Iterable<Live> {
  readonly add: (call: Live) => void
  readonly remove: (call: Live) => void
  /** Resolves when there is none. */
  readonly whenEmpty: () => Promise<void>
}

/** No call yet. */
export const createCalls = (): Calls => {
  const calls = new Set<Live>()
  const waiting: Array<IO<void>> = []
  return {
    add: (call) => void calls.add(call),
    remove: (call) => {
      calls.delete(call)
      if (calls.size === 0) for (const wake of waiting.splice(0)) wake()
    },
    whenEmpty: () =>
      new Promise((resolve) => {
        if (calls.size === 0) resolve()
        else waiting.push(resolve)
      }),
    [Symbol.iterator]: () => calls.values(),
  }
}
