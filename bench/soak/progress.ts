/** Progress on standard error: one line that is written over in a terminal, now and then a line elsewhere. */
import type { IO } from 'fp-ts/IO'

export interface Progress {
  readonly at: (done: number) => void
  readonly end: IO<void>
}

/** The progress towards a total, from now on. */
export const createProgress = (total: number): Progress => {
  const { isTTY } = process.stderr
  const every = isTTY ? 250 : 10_000
  const began = performance.now()
  let last = began
  return {
    at: (done) => {
      const now = performance.now()
      if (now - last < every) return
      last = now
      const rate = (done * 1000) / (now - began)
      const left = Math.ceil((total - done) / rate)
      const text = `${done} of ${total}, ${Math.round(rate)} a second, ${left} s to go`
      process.stderr.write(isTTY ? `\r\u001b[K${text}` : `${text}\n`)
    },
    end: () => void process.stderr.write(isTTY ? '\r\u001b[K' : ''),
  }
}
