/** Binds commands to the real process: its streams, environment, clock and signals. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { isatty } from 'node:tty'
import { errorCode } from '../node/SystemError'
import type { Sink, World } from './program/Cli'

const signals: ReadonlyArray<NodeJS.Signals> =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP']

const hasLeft = (error: unknown): boolean => errorCode(error) === 'EPIPE'

/** Exits quietly when the reader of a pipe closes it, as `head` does: an EPIPE trace would look like a failure. */
const toSink = (stream: NodeJS.WriteStream, fd: number): Sink => {
  stream.on('error', (error) => {
    if (!hasLeft(error)) throw error
    process.exit(0)
  })
  return {
    isTTY: isatty(fd),
    columns: stream.columns ?? 80,
    write: (data) =>
      new Promise((resolve, reject) =>
        stream.write(data, (error) => {
          if (error === null || error === undefined) resolve()
          else if (!hasLeft(error)) reject(error)
        }),
      ),
  }
}

/** The `World` of the current process. */
export const processWorld = (): World => ({
  cwd: process.cwd(),
  env: process.env,
  stdin: { isTTY: isatty(0), stream: process.stdin },
  stdout: toSink(process.stdout, 1),
  stderr: toSink(process.stderr, 2),
  now: () => Date.now(),
  newId: randomUUID,
  spawn: (command, args, options) => spawn(command, [...args], { windowsHide: true, ...options, shell: false }),
  onSignal: (listener) => {
    signals.forEach((signal) => process.on(signal, listener))
    return () => signals.forEach((signal) => void process.off(signal, listener))
  },
})
