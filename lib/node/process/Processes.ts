/** Processes of this machine as the system tells of them: which one an id means, how much memory it has, how it is ended. */
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
    return O.none // no such process, or no Linux
  }
}

/**
 * Programs of the system by their full path. On Windows a bare name is looked for in the current folder first, and `npx`
 * puts a folder of the project in front of `PATH`: a project must not choose what is run.
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

/** The fields of `/proc/<pid>/stat` that follow the name, which may hold anything. */
const readStat = (pid: number): O.Option<ReadonlyArray<string>> =>
  O.map((text: string) => text.slice(text.lastIndexOf(')') + 2).split(' '))(readText(`/proc/${pid}/stat`))

/** What tells a process from a later one with its id, at once; none where only `identity` can say it. */
export const identityNow = (pid: number): O.Option<string> => {
  const stat = readStat(pid)
  if (O.isNone(stat) || stat.value[0] === 'Z') return O.none
  return O.some(`${bootId()} ${stat.value[19] ?? ''}`) // field 22, the moment of its start
}

/** What tells a process from a later one with its id; none where there is no such process. */
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
    return [] // no such process any more
  }
}

/** The processes that a process has started and that are there, those of its children included. */
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

/** Of what it has started only what they share with nobody counts: the program itself is in memory once. */
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

/** The resident memory, in bytes, of a process that leads a group and of what it has started; on Windows of it alone. */
export const measureMemory = (pid: number): Task<O.Option<number>> => {
  if (process.platform === 'linux') return async () => memoryOnLinux(pid)
  if (!isWindows) return () => memoryOfGroup(pid)
  const listed = runForOutput(fromSystem('tasklist.exe'), ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'])
  return async () => chainNumber(O.chain((row: string) => O.fromNullable(row.split('","')[4]))(await listed()))
}

/** Whether a process exists; one of another user, which may not be signalled, does. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCode(cause) !== 'ESRCH'
  }
}

/** Sends a signal; false where there is no such process any more. */
const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Whether a started process leads a group, so that what it starts can be ended with it. */
export const leadsGroup = !isWindows

/** Asks a process to end. Windows knows no such thing for those without a window: there it is ended. */
export const ask = (pid: number): boolean => signal(pid, 'SIGTERM')

/** Ends one process at once. */
export const kill = (pid: number): boolean => signal(pid, 'SIGKILL')

/** Whether a process is still the one that was told by this identity; an identity that nobody could tell fits none. */
export const isSame = async (pid: number, known: string): Promise<boolean> => {
  if (known === '') return false
  const now = await identity(pid)()
  return O.isSome(now) && now.value === known
}

/** Ends a process that leads a group, and all of the group, at once; the leader may be gone already. */
export const killGroup = (pid: number): void => {
  if (!isWindows) return void signal(-pid, 'SIGKILL')
  void runCommand({ file: fromSystem('taskkill.exe'), args: ['/PID', String(pid), '/T', '/F'] })() // it may be gone already
}
