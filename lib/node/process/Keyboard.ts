/**
 * Keys pressed in the terminal of this process, one by one and not shown. The terminal is as it was whenever this process
 * stops or ends: Node restores it at every exit that is not SIGKILL.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { IO } from 'fp-ts/IO'

const interrupt = '\u0003'
const suspend = '\u001a'

const isWindows = process.platform === 'win32'

/** Calls the listener for each key until the result is called; pasted text and keys that send several characters are ignored. */
export const onKey = (listener: (key: string) => void): IO<void> => {
  const { stdin } = process
  if (!stdin.isTTY) return () => undefined
  let isOn = false

  const hear = (text: string): void => {
    if (text.includes(interrupt)) return signalGroup('SIGINT')
    if (text.includes(suspend) && !isWindows) return signalGroup('SIGTSTP')
    if (text.length === 1) listener(text)
  }
  const enter = (): void => {
    if (isOn || !isInForeground()) return
    isOn = true
    stdin.setRawMode(true)
    stdin.setEncoding('utf8').on('data', hear).resume()
  }
  const leave = (): void => {
    if (!isOn) return
    isOn = false
    stdin.off('data', hear).pause()
    stdin.setRawMode(false)
  }
  const stop = (): void => {
    leave()
    process.kill(process.pid, 'SIGSTOP') // what SIGTSTP does where nobody listens
  }
  const ignore = (): void => undefined

  stdin.on('error', ignore) // a terminal that is closed; SIGHUP tells
  if (!isWindows) process.on('SIGTSTP', stop).on('SIGCONT', enter)
  enter()
  return () => {
    leave()
    if (!isWindows) process.off('SIGTSTP', stop).off('SIGCONT', enter)
    stdin.off('error', ignore)
  }
}

/** Does what a terminal does for Ctrl-C and Ctrl-Z when its keys are not read one by one. */
const signalGroup = (signal: 'SIGINT' | 'SIGTSTP'): void => {
  if (isWindows) process.emit(signal)
  else process.kill(0, signal) // `npx`, for example, waits for this process
}

/** Whether this process may use its terminal: the system stops one in the background that does. */
const isInForeground = (): boolean => {
  try {
    switch (process.platform) {
      case 'linux': {
        const stat = readFileSync('/proc/self/stat', 'latin1')
        const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return group === foreground
      }
      case 'darwin':
        return execFileSync('/bin/ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' }).includes('+')
      default:
        return true
    }
  } catch {
    return true
  }
}
