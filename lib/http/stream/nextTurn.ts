/** Work for the next turn of the event loop, done together. */
import type { IO } from 'fp-ts/IO'

const due: Array<IO<void>> = []

const runDue = (): void => {
  for (const f of due.splice(0)) f()
}

/** Calls `f` in the next turn of the event loop, with all that were asked for in this one. */
export const nextTurn = (f: IO<void>): void => {
  if (due.push(f) === 1) setImmediate(runDue)
}
