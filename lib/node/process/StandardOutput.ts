/**
 * Standard output for many small texts: those of one turn of the event loop, and under load of 10 ms, are one write, which never waits for a slow
 * reader. What the reader has not taken is kept up to a limit, and written synchronously when the process exits or
 * crashes.
 *
 * Why not `process.stdout.write` for each: a system call a line, half of the rate of a small JSON response. Why not
 * sonic-boom: it needs twice the CPU for it; and as standard output does not block once `process.stdout` has been read,
 * it waits 100 ms whenever the reader lags, and lost half of 5 MB/s that way.
 */
import { writeSync } from 'node:fs'
import type { IO } from 'fp-ts/IO'
import { errorCode } from '../SystemError'

/** A destination of texts. */
export interface StandardOutput {
  readonly write: (text: string) => void
  /** Writes what is gathered, so that it precedes what others write next. */
  readonly flush: IO<void>
}

/** How many bytes may wait for the reader; texts beyond are lost. */
const mostWaiting = 8_000_000

/** How many characters of one turn are gathered before they are written. */
const mostGathered = 65_536

/** How long texts are gathered under load, in milliseconds. */
const gathering = 10

/** How long an exit waits for a reader that takes nothing, in milliseconds. */
const patience = 1000

/** How large the part is that Node holds while it waits for the reader: a pipe takes so much as a whole or not at all. */
const atomic = 4096

const nothing = Buffer.alloc(0)

/** Standard output; `onLoss` is told why something is lost. One is enough for a process. */
export const standardOutput = (onLoss: (cause: unknown) => void): StandardOutput => {
  let gathered = ''
  let isScheduled = false
  /** When it was last written, in milliseconds since the epoch. */
  let flushed = 0
  /** What the reader has not taken. Node waits to write its first `held` bytes. */
  let waiting: Buffer = nothing
  let held = 0

  const flush: IO<void> = () => {
    isScheduled = false
    if (held > 0 || gathered === '') return
    const text = gathered
    gathered = ''
    flushed = Date.now()
    if (!isDescriptor()) return void process.stdout.write(text)
    send(Buffer.from(text))
  }

  /** Writes what fits; Node waits until the reader has taken something. */
  const send = (bytes: Buffer): void => {
    try {
      waiting = process.stdout.writableLength > 0 ? bytes : writeSome(bytes)
    } catch (cause) {
      waiting = nothing
      onLoss(cause)
    }
    if (waiting.length === 0) return
    held = toWholeLines(waiting)
    process.stdout.write(waiting.subarray(0, held), () => {
      const rest = waiting.subarray(held)
      held = 0
      waiting = nothing
      if (rest.length > 0) send(rest)
      if (held === 0) flush()
    })
  }

  process.on('exit', () => {
    try {
      if (!isDescriptor()) return void process.stdout.write(gathered)
      const isTaken = held > 0 && process.stdout.writableLength === 0
      writeAll(Buffer.concat([isTaken ? waiting.subarray(held) : waiting, Buffer.from(gathered)]))
    } catch (cause) {
      onLoss(cause)
    }
  })

  return {
    flush,
    write: (text) => {
      if (waiting.length + gathered.length > mostWaiting) return onLoss('the reader of standard output is too slow')
      gathered += text
      if (process.stdout.isTTY || gathered.length > mostGathered) return flush()
      if (isScheduled) return
      isScheduled = true
      // At once when it is the first for a while; under load the lines of several turns are one write.
      if (Date.now() - flushed > gathering) setImmediate(flush)
      else setTimeout(flush, gathering).unref()
    },
  }
}

/** Whether standard output is the process's: not that of a worker thread, and not replaced by whoever captures it. */
const isDescriptor = (): boolean =>
  !Object.hasOwn(process.stdout, 'write') && 'fd' in process.stdout && process.stdout.fd === 1

/** Writes as much as the reader takes now; returns the rest. */
const writeSome = (bytes: Buffer): Buffer => {
  let rest = bytes
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
  } catch (cause) {
    if (!isBusy(cause)) throw cause
  }
  return rest
}

/** Writes all, unless the reader takes nothing for too long. */
const writeAll = (bytes: Buffer): void => {
  let rest = writeSome(bytes)
  let until = Date.now() + patience
  while (rest.length > 0) {
    if (Date.now() > until) throw new Error('the reader of standard output is too slow')
    Atomics.wait(sleeper, 0, 0, 5)
    const left = writeSome(rest)
    if (left.length < rest.length) until = Date.now() + patience
    rest = left
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))

const isBusy = (cause: unknown): boolean => ['EAGAIN', 'EWOULDBLOCK'].includes(errorCode(cause) ?? '')

/** The length of the first part that ends with a line, so that other writes to standard output do not split one. */
const toWholeLines = (bytes: Buffer): number => {
  const last = bytes.lastIndexOf('\n', atomic - 1)
  const end = last >= 0 ? last : bytes.indexOf('\n')
  return end < 0 ? bytes.length : end + 1
}
