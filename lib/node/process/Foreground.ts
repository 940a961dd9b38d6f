/** Whether this process may use its terminal: one in the background is stopped by the system if it does. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** True where that cannot be told. */
export const isInForeground = (): boolean => {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync('/proc/self/stat', 'latin1')
      const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return group === foreground
    }
    if (process.platform === 'darwin')
      return execFileSync('/bin/ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' }).includes('+')
    return true
  } catch {
    return true
  }
}
