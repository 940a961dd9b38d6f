/**
 * Runs a command to completion, and returns its output and exit status. Without a shell, so that nothing needs quoting.
 */
import { spawn } from 'node:child_process'
import type { IO } from 'fp-ts/IO'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as E from 'fp-ts/Either'
import { errorCode } from '../SystemError'
import { eachLine } from './Lines'

/** What to run, and where. */
export interface Command {
  readonly file: string
  readonly args: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** What the command reads from its standard input; without it, there is nothing to read. */
  readonly input?: string
  /** Called for each line of stdout and stderr. */
  readonly onLine?: (line: string) => void
  /** Terminates the command, with SIGTERM. */
  readonly signal?: AbortSignal
  /** After how many milliseconds the command is killed. */
  readonly timeout?: number
}

/** How a command exited. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The lines of stdout, and those of stderr. */
  readonly out: ReadonlyArray<string>
  readonly err: ReadonlyArray<string>
}

/** A command that could not be started: `ENOENT` if there is no such program. */
export interface NotStarted {
  readonly _tag: 'NotStarted'
  readonly file: string
  readonly code: string | undefined
  readonly cause: Error
}

/** Keeps the first and the last lines of a long output. */
const keeper = (): { readonly add: (line: string) => void; readonly lines: IO<ReadonlyArray<string>> } => {
  const first: Array<string> = []
  const last: Array<string> = []
  return {
    add: (line) => {
      if (first.length < 2000) first.push(line)
      else if (last.push(line) > 4000) last.splice(0, 2000)
    },
    lines: () => [...first, ...last],
  }
}

/** Runs a command to completion. A failed command is a right with its exit; left only if it could not be started. */
export const runCommand =
  ({ file, args, cwd, env = process.env, input, onLine, signal, timeout }: Command): TaskEither<NotStarted, Ended> =>
  () =>
    new Promise((resolve) => {
      const options = {
        ...(cwd === undefined ? {} : { cwd }),
        ...(signal === undefined ? {} : { signal }),
        env,
        windowsHide: true,
      }
      const child =
        input === undefined
          ? spawn(file, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
          : spawn(file, [...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
      // A command that ends without reading says so by its exit status.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input)
      // `spawn`'s own timer stays alive if the program does not exist.
      const late = timeout === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), timeout)
      const [out, err] = [keeper(), keeper()]
      const taking =
        (kept: ReturnType<typeof keeper>) =>
        (line: string): void => {
          kept.add(line)
          onLine?.(line)
        }
      eachLine(child.stdout, taking(out))
      eachLine(child.stderr, taking(err))
      child.once('error', (cause) => {
        if (child.pid === undefined) clearTimeout(late)
        if (child.pid === undefined) resolve(E.left({ _tag: 'NotStarted', file, code: errorCode(cause), cause }))
      })
      child.once('close', (code, killedBy) => {
        clearTimeout(late)
        resolve(E.right({ code, signal: killedBy, out: out.lines(), err: err.lines() }))
      })
    })
