/** A started process with all that it starts itself: asked to end, or ended. */
import { execFile } from 'node:child_process'

const isWindows = process.platform === 'win32'

/** Whether a started process leads a group, so that what it starts can be ended with it. */
export const leadsGroup = !isWindows

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    return // it is gone already
  }
}

/** Asks a process to end. Windows knows no such thing for those without a window: there it is ended. */
export const ask = (pid: number): void => signal(pid, 'SIGTERM')

/** Ends a process that leads a group, and all of the group, at once; the leader may be gone already. */
export const killGroup = (pid: number): void => {
  if (!isWindows) return signal(-pid, 'SIGKILL')
  execFile('taskkill', ['/PID', String(pid), '/T', '/F'], { windowsHide: true }, () => undefined) // it may be gone already
}
