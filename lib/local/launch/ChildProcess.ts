/** Processes that are started for agents, each with its output in a file, its id in the registry, and its end. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { type GroupCommand, startGroup } from '../../node/process/ProcessGroup'
import { killGroup } from '../../node/process/Processes'
import type { Exit, Launched } from './Launcher'
import { type LogFile, logFolder } from './LogFile'
import { recoveredLines, registryIn, type Started } from './Registry'

/** The agent of a session, to be started. */
export interface AgentProcess {
  readonly session: string
  readonly command: GroupCommand
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  readonly secret: string
  /** What to write down of it beside its process. */
  readonly started: Omit<Started, 'pid'>
  /** What ends it before its process is asked to end. */
  readonly beforeStop: (grace: number) => Task<void>
  /** Gives back what it used. Runs once it is gone, and where it cannot be started. */
  readonly clear: Task<void>
  readonly memory: (pid: number) => Task<O.Option<number>>
}

/** The processes of a launcher. */
export interface ChildProcesses {
  /** Ends what an earlier runtime has left behind, and removes old output; says so, a line each. */
  readonly recover: Task<ReadonlyArray<string>>
  /** Rejects where the agent cannot be started. */
  readonly start: (agent: AgentProcess) => Promise<Launched>
  /** Ends at once what runs. */
  readonly kill: IO<void>
}

/** No process runs yet. `show` is given what they write, as it comes. */
export const childProcesses = (
  folder: string,
  show: (session: string, part: Buffer) => void = () => undefined,
): ChildProcesses => {
  const logs = logFolder(join(folder, 'logs'))
  const registry = registryIn(folder)
  const running = new Set<number>()

  const register =
    (started: Omit<Started, 'pid'>) =>
    (pid: number): IO<void> => {
      running.add(pid)
      const strike = registry.add({ pid, ...started })
      return () => {
        running.delete(pid)
        strike()
      }
    }

  const launch = async (agent: AgentProcess): Promise<Launched> => {
    const { session, command, port, secret, started, beforeStop, clear, memory } = agent
    const log = await logs.open(`${toFileName(session)}.log`)
    const child = await startChild(command, log, register(started), (part) => show(session, part))
    const exited = child.exited.then(async (exit) => {
      await clear()
      return exit
    })
    return {
      host: '127.0.0.1',
      port,
      secret,
      pid: O.some(child.pid),
      log: O.some(log.path),
      exited: () => exited,
      stop: (grace) => async () => {
        await beforeStop(grace)()
        await child.stop(grace)()
        await exited
      },
      memory: memory(child.pid),
    }
  }

  return {
    recover: async () => {
      const recovered = await registry.recover()
      await logs.prune()
      return recoveredLines(recovered)
    },
    start: (agent) =>
      launch(agent).catch(async (cause: unknown) => {
        await agent.clear()
        throw cause
      }),
    kill: () => running.forEach(killGroup),
  }
}

const plainName = /^[A-Za-z0-9_-]{1,100}$/

/** A name for the files of a session, whatever characters its id holds. */
export const toFileName = (session: string): string =>
  plainName.test(session) ? session : createHash('sha256').update(session).digest('hex')

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
