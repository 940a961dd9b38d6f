/** Processes of this machine: identity, memory and termination. */
import { readdirSync, readFileSync } from 'node:fs'
import { win32 } from 'node:path'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { errorCode } from '../SystemError'
import { runCommand } from './ChildCommand'

const isWindows = process.platform === 'win32'

const readText = (path: string): O.Option<string> => {
  try {
    return O.some(readFileSync(path, 'latin1'))
  } catch {
    return O.none // no such process, or not Linux
  }
}

/**
 * The full path of a system program. On Windows a bare name is looked up in the current folder first, and `npx` puts a
 * project folder at the front of `PATH`: a project must not choose what is run.
 */
const fromSystem = (...below: ReadonlyArray<string>): string =>
  win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', ...below)

const powershell = fromSystem('WindowsPowerShell', 'v1.0', 'powershell.exe')
const ps = '/bin/ps'

const runForOutput =
  (file: string, args: ReadonlyArray<string>): Task<O.Option<string>> =>
  async () => {
    const ended = await runCommand({ file, args, timeout: 10_000 })()
    const text = E.isRight(ended) && ended.right.code === 0 ? ended.right.out.join('\n').trim() : ''
    return text === '' ? O.none : O.some(text)
  }

const bootId = (): string => O.getOrElse(() => '')(readText('/proc/sys/kernel/random/boot_id')).trim()

/** The fields of `/proc/<pid>/stat` after the name, which may contain anything. */
const readStat = (pid: number): O.Option<ReadonlyArray<string>> =>
  O.map((text: string) => text.slice(text.lastIndexOf(')') + 2).split(' '))(readText(`/proc/${pid}/stat`))

/**
 * The identity of a process, distinct from later ones with its id; synchronous, none where only `identity` can tell.
 */
export const identityNow = (pid: number): O.Option<string> => {
  const stat = readStat(pid)
  if (O.isNone(stat) || stat.value[0] === 'Z') return O.none
  return O.some(`${bootId()} ${stat.value[19] ?? ''}`) // field 22: its start time
}

/** The identity of a process, distinct from later ones with its id; none if there is no such process. */
export const identity = (pid: number): Task<O.Option<string>> => {
  if (process.platform === 'linux') return async () => identityNow(pid)
  return isWindows
    ? runForOutput(powershell, ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`])
    : runForOutput(ps, ['-o', 'lstart=', '-p', String(pid)])
}

const kilobytes = (text: string): O.Option<number> => {
  const digits = text.replace(/[^\d]/g, '')
  return digits === '' ? O.none : O.some(Number(digits) * 1024)
}

const chainNumber = O.chain(kilobytes)

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no such process
  }
}

/** The running descendants of a process. */
const descendants = (pid: number): ReadonlyArray<number> =>
  namesIn(`/proc/${pid}/task`)
    .flatMap((thread) => O.getOrElse(() => '')(readText(`/proc/${pid}/task/${thread}/children`)).split(' '))
    .filter((id) => id !== '')
    .flatMap((id) => [Number(id), ...descendants(Number(id))])

const memoryLine =
  (name: 'VmRSS' | 'RssAnon') =>
  (pid: number): O.Option<number> =>
    O.chain((text: string) => chainNumber(O.fromNullable(new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1])))(
      readText(`/proc/${pid}/status`),
    )

/** The memory of a descendant counts without pages shared with others: the program itself is in memory once. */
const memoryOnLinux = (pid: number): O.Option<number> =>
  O.map((own: number) =>
    descendants(pid).reduce((sum, child) => sum + O.getOrElse(() => 0)(memoryLine('RssAnon')(child)), own),
  )(memoryLine('VmRSS')(pid))

const memoryOfGroup = async (leader: number): Promise<O.Option<number>> => {
  const listed = await runForOutput(ps, ['-axo', 'pgid=,rss='])()
  const rows = O.getOrElse(() => '')(listed)
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number))
    .filter(([group]) => group === leader)
  return rows.length === 0 ? O.none : O.some(rows.reduce((sum, [, rss = 0]) => sum + rss * 1024, 0))
}

/** The resident memory in bytes of a group leader and its descendants; on Windows, of the process alone. */
export const measureMemory = (pid: number): Task<O.Option<number>> => {
  if (process.platform === 'linux') return async () => memoryOnLinux(pid)
  if (!isWindows) return () => memoryOfGroup(pid)
  const listed = runForOutput(fromSystem('tasklist.exe'), ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'])
  return async () => chainNumber(O.chain((row: string) => O.fromNullable(row.split('","')[4]))(await listed()))
}

/** Whether a process exists, including another user's, which must not be signalled. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCode(cause) !== 'ESRCH'
  }
}

/** Sends a signal; false if there is no such process. */
const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Whether a child process leads a group, so that its descendants can be killed with it. */
export const leadsGroup = !isWindows

/** Asks a process to exit. On Windows, where one without a window cannot be asked, it is killed. */
export const ask = (pid: number): boolean => signal(pid, 'SIGTERM')

/** Kills a process. */
export const kill = (pid: number): boolean => signal(pid, 'SIGKILL')

/** Whether a process still has the given identity; an empty identity never matches. */
export const isSame = async (pid: number, known: string): Promise<boolean> => {
  if (known === '') return false
  const now = await identity(pid)()
  return O.isSome(now) && now.value === known
}

/** Kills a process group; its leader may have exited already. */
export const killGroup = (pid: number): void => {
  if (!isWindows) return void signal(-pid, 'SIGKILL')
  void runCommand({ file: fromSystem('taskkill.exe'), args: ['/PID', String(pid), '/T', '/F'] })()
}
