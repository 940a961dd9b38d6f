/** A process that was started for an agent, with its output in a file, its id in the registry, and its end. */
import type { Readable } from 'node:stream'
import type { Task } from 'fp-ts/Task'
import type { Exit } from './Launcher'
import type { LogFile } from './LogFile'
import { type GroupCommand, startGroup } from '../../node/process/ProcessGroup'

/** A process that was started. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Asks it to end, and forces it to after so many milliseconds. Resolves when it is gone. */
  readonly stop: (grace: number) => Task<void>
}

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

/** Starts a process. `onStart` runs before anything else can happen, and `show` is given what the process writes. */
export const startChild = async (
  command: GroupCommand,
  log: LogFile,
  onStart: (pid: number) => () => void,
  show: (part: Buffer) => void,
): Promise<Child> => {
  const group = startGroup(command)
  const strike = group.pid === undefined ? undefined : onStart(group.pid)
  let said = ''
  const onPart = (part: Buffer): Promise<void> => {
    said = (said + part.toString('latin1', Math.max(0, part.length - remembered))).slice(-remembered)
    show(part)
    return log.write(part)
  }
  record(group.stdout, onPart)
  record(group.stderr, onPart)
  const pid = await group.started.catch(async (cause: unknown) => {
    await log.close()
    throw cause
  })
  const exited = group.exited.then(async ({ code, signal }): Promise<Exit> => {
    group.stdout?.destroy()
    group.stderr?.destroy()
    strike?.()
    await log.close()
    return { how: toHow(code, signal), isPortTaken: saysPortTaken(said) }
  })
  const stop =
    (grace: number): Task<void> =>
    async () => {
      await group.stop(grace)
      await exited
    }
  return { pid, exited, stop }
}
