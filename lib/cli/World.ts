/** Binds commands to the real process: its streams, environment, clock and signals. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { isatty } from 'node:tty'
import { isInForeground } from '../node/process/Foreground'
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

const interrupt = '\u0003'
const suspend = '\u001a'

/** Keys one by one. Ctrl-C and Ctrl-Z mean what they always do; pasted text and keys that send several characters mean nothing. */
const onKey = (listener: (key: string) => void): (() => void) => {
  const { stdin } = process
  if (!isatty(0) || !isInForeground()) return () => undefined
  const hear = (text: string): void => {
    if (text.includes(interrupt)) return void (process.emit('SIGINT') || process.exit(130))
    if (text === suspend && process.platform !== 'win32') {
      stdin.setRawMode(false)
      process.once('SIGCONT', () => stdin.setRawMode(true))
      return void process.kill(process.pid, 'SIGTSTP')
    }
    if (text.length === 1) listener(text)
  }
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', hear).resume()
  return () => {
    stdin.off('data', hear).pause()
    stdin.setRawMode(false)
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
  onKey,
})
