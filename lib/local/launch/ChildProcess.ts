/** A process that was started for an agent, with its output in a file, its id in the registry, and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Task } from 'fp-ts/Task'
import type { Exit } from './Launcher'
import type { LogFile } from './LogFile'
import { ask, killGroup, leadsGroup } from '../../node/process/Processes'

/** What to run. */
export interface Command {
  readonly file: string
  readonly args: ReadonlyArray<string>
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it is `node` with the lifeline, which needs a channel to this process. */
  readonly hasLifeline?: boolean
}

/** A process that was started. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Asks it to end, and forces it to after so many milliseconds. Resolves when it is gone. */
  readonly stop: (grace: number) => Task<void>
}

/** What `node` loads first, so that an agent ends when this process is killed. */
export const lifeline: ReadonlyArray<string> = ['--require', join(__dirname, 'lifeline.js')]

/** How much of the output is remembered to tell why a process has ended, in bytes. */
const remembered = 4096

const toHow = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`

const saysPortTaken = (said: string): boolean => /EADDRINUSE|address already in use|is in use/i.test(said)

/** Writes what a stream gives, as fast as the file takes it. */
const record = (stream: Readable | null, onPart: (part: Buffer) => Promise<void>): void => {
  if (stream === null) return // there is one, since `stdio` says so
  stream.on('data', (part: Buffer) => {
    stream.pause()
    void onPart(part).then(() => stream.resume())
  })
  stream.on('error', () => stream.destroy()) // the process is gone
}

const started = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    if (child.pid !== undefined) resolve(child.pid)
    child.once('error', reject)
  })

/** Starts a process. `onStart` runs before anything else can happen, and `show` is given what the process writes. */
export const startChild = async (
  { file, args, folder, env, hasLifeline = false }: Command,
  log: LogFile,
  onStart: (pid: number) => () => void,
  show: (part: Buffer) => void,
): Promise<Child> => {
  const child = spawn(file, [...args], {
    cwd: folder,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(hasLifeline ? (['ipc'] as const) : [])],
    detached: leadsGroup, // so that all it starts can be ended with it
    windowsHide: true,
  })
  const strike = child.pid === undefined ? undefined : onStart(child.pid)
  let said = ''
  const onPart = (part: Buffer): Promise<void> => {
    said = (said + part.toString('latin1', Math.max(0, part.length - remembered))).slice(-remembered)
    show(part)
    return log.write(part)
  }
  record(child.stdout, onPart)
  record(child.stderr, onPart)
  const pid = await started(child).catch(async (cause: unknown) => {
    await log.close()
    throw cause
  })

  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      killGroup(pid) // what it has left behind
      // Its last words may come after its end; what it has started may hold the streams open for ever.
      const over = (): void => {
        clearTimeout(late)
        child.stdout?.destroy()
        child.stderr?.destroy()
        strike?.()
        void log.close().then(() => resolve({ how: toHow(code, signal), isPortTaken: saysPortTaken(said) }))
      }
      const late = setTimeout(over, 200)
      child.once('close', over)
    })
  })

  const stop =
    (grace: number): Task<void> =>
    async () => {
      if (child.exitCode === null && child.signalCode === null) {
        ask(pid)
        const late = setTimeout(() => killGroup(pid), grace)
        void exited.then(() => clearTimeout(late))
      }
      await exited
    }

  return { pid, exited, stop }
}
