/** Binds commands to the real process: its streams, environment, clock and signals. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { isatty } from 'node:tty'
import { onKey } from '../node/process/Keyboard'
import { errorCode } from '../node/SystemError'
import type { Sink, World } from './program/Cli'

const signals: ReadonlyArray<NodeJS.Signals> =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP']

const hasLeft = (error: unknown): boolean => errorCode(error) === 'EPIPE'

/** Whether a closed output ends the process, as it does for what `head` reads from. */
interface Ending {
  isWanted: boolean
}

/**
 * When the reader of a pipe closes it, as `head` does, the process exits quietly: an EPIPE trace would look like a
 * failure. Any other failure to write rejects. A command that serves goes on without output, whatever the reason.
 */
const toSink = (stream: NodeJS.WriteStream, fd: number, ending: Ending): Sink => {
  // Each write hears of its own failure. Without a listener the event would end the process.
  stream.on('error', (error) => {
    if (hasLeft(error) && ending.isWanted) process.exit(0)
  })
  return {
    isTTY: isatty(fd),
    get columns() {
      return stream.columns > 0 ? stream.columns : 80 // some terminals say 0
    },
    write: (data) =>
      new Promise((resolve, reject) =>
        stream.write(data, (error) => {
          if (error === null || error === undefined) resolve()
          else if (!ending.isWanted) resolve()
          else if (!hasLeft(error)) reject(error)
        }),
      ),
  }
}

/** The `World` of the current process. */
export const processWorld = (): World => {
  const ending: Ending = { isWanted: true }
  return {
    cwd: process.cwd(),
    env: process.env,
    stdin: { isTTY: isatty(0), stream: process.stdin },
    stdout: toSink(process.stdout, 1, ending),
    stderr: toSink(process.stderr, 2, ending),
    now: () => Date.now(),
    newId: randomUUID,
    spawn: (command, args, options) => spawn(command, [...args], { windowsHide: true, ...options, shell: false }),
    onSignal: (listener) => {
      signals.forEach((signal) => process.on(signal, listener))
      return () => signals.forEach((signal) => void process.off(signal, listener))
    },
    onKey,
    outliveOutput: () => {
      ending.isWanted = false
    },
  }
}
