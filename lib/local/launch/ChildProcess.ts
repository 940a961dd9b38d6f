/** Child processes for agents, each with its log file and its entry in the registry. */
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

/** The agent of a session, before it is started. */
export interface AgentProcess {
  readonly session: string
  readonly command: GroupCommand
  /** Its port on 127.0.0.1. */
  readonly port: number
  readonly secret: string
  /** What to record in the registry beside its process. */
  readonly started: Omit<Started, 'pid'>
  /** What stops the agent before its process is signalled. */
  readonly beforeStop: (grace: number) => Task<void>
  /** Releases its resources. Runs after its exit, and if it cannot be started. */
  readonly clear: Task<void>
  readonly memory: (pid: number) => Task<O.Option<number>>
}

/** The child processes of a launcher. */
export interface ChildProcesses {
  /** Cleans up after earlier runtimes and removes old log files; returns what to log, a line each. */
  readonly recover: Task<ReadonlyArray<string>>
  /** Rejects if the agent cannot be started. */
  readonly start: (agent: AgentProcess) => Promise<Launched>
  /** Kills all processes synchronously. */
  readonly kill: IO<void>
}

/** No processes yet. `show` receives their output as it is written. */
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

/** A file name for a session id, which may contain any character. */
export const toFileName = (session: string): string =>
  plainName.test(session) ? session : createHash('sha256').update(session).digest('hex')

/** A started process. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Stops it gracefully, then by force after the given milliseconds. Resolves when it has exited. */
  readonly stop: (grace: number) => Task<void>
}

/** How many bytes of output are kept to explain an exit. */
const remembered = 4096

const toHow = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exited with code ${code ?? 'unknown'}` : `was killed by ${signal}`

const saysPortTaken = (said: string): boolean => /EADDRINUSE|address already in use|is in use/i.test(said)

/** Writes a stream to the log file, with backpressure. */
const record = (stream: Readable | null, onPart: (part: Buffer) => Promise<void>): void => {
  if (stream === null) return // never null: `stdio` is piped
  stream.on('data', (part: Buffer) => {
    stream.pause()
    void onPart(part).then(() => stream.resume())
  })
  stream.on('error', () => stream.destroy()) // the process has exited
}

/** Starts a process. `onStart` runs synchronously, before any other event; `show` receives the output. */
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
