/** Starts a process as a group leader, so that its descendants can be killed with it. Without a shell. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ask, killGroup, leadsGroup } from './Processes'

/** What to start. */
export interface GroupCommand {
  readonly file: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it is `node` with the lifeline, which needs an IPC channel to this process. */
  readonly hasLifeline?: boolean
}

/** How a process exited. */
export interface GroupExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process and its descendants. */
export interface ProcessGroup {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined
  /** Rejects with why it could not be started. */
  readonly started: Promise<number>
  /** Resolves when the group has exited and the remaining output is read; never if it was not started. */
  readonly exited: Promise<GroupExit>
  readonly hasExited: () => boolean
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  /** Asks the process to exit, and kills its group after so many milliseconds. Resolves when it has exited. */
  readonly stop: (grace: number) => Promise<void>
}

/** Preloaded into `node`, so that an agent exits when this process is killed. */
export const lifeline: ReadonlyArray<string> = ['--require', join(__dirname, 'lifeline.js')]

/** Starts a process, synchronously, so that its id can be recorded before any other event. */
export const startGroup = ({ file, args, cwd, env, hasLifeline = false }: GroupCommand): ProcessGroup => {
  const child = spawn(file, [...args], {
    cwd,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(hasLifeline ? (['ipc'] as const) : [])],
    detached: leadsGroup,
    windowsHide: true,
  })
  const exited = waitForExit(child)
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid,
    started: new Promise((resolve, reject) => {
      child.once('error', reject)
      if (child.pid !== undefined) resolve(child.pid)
    }),
    exited,
    hasExited,
    stdout: child.stdout,
    stderr: child.stderr,
    stop: async (grace) => {
      const { pid } = child
      if (pid === undefined) return
      if (!hasExited()) {
        ask(pid)
        const late = setTimeout(() => killGroup(pid), grace)
        void exited.then(() => clearTimeout(late))
      }
      await exited
    },
  }
}

/** How long to read output after the exit: descendants may hold the streams open forever. */
const lastWords = 200

const waitForExit = (child: ChildProcess): Promise<GroupExit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) killGroup(child.pid) // descendants
      const over = (): void => {
        clearTimeout(late)
        resolve({ code, signal })
      }
      const late = setTimeout(over, lastWords)
      child.once('close', over)
    })
  })
