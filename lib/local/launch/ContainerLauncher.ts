/** Launches a container for each session, from the agent's image, with the command of a container engine. */
import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { privateFolder } from '../../node/file/PrivateFile'
import { launchSecret } from '../../core/Protocol'
import { createPorts } from '../../node/network/PortRange'
import { runCommand } from '../../node/process/ChildCommand'
import { errorMessage } from '../../node/SystemError'
import { childProcesses, toFileName } from './ChildProcess'
import { type Launched, launchError, type Launcher, type LauncherOf, newSecret } from './Launcher'
import { environment } from './ProcessLauncher'

/** The agent's image and how to run it. */
export interface ContainerOptions {
  /** The command of the engine: `docker`, `finch`, `podman`. */
  readonly engine: string
  readonly image: string
  /** The environment of the agent. */
  readonly env?: Readonly<Record<string, string>>
  /** Further arguments of `run`, before the image. */
  readonly runArguments?: ReadonlyArray<string>
  /** Receives the output of the agents. */
  readonly show?: (session: string, part: Buffer) => void
}

/** A launcher with a container for each session. */
export const containerLauncher =
  (options: ContainerOptions): LauncherOf =>
  (surroundings): Launcher => {
    const { engine, image } = options
    const { folder, maxMemory } = surroundings
    const ports = createPorts()
    const children = childProcesses(folder, options.show)

    const start = async (session: string): Promise<Launched> => {
      const port = await ports.take()
      const name = `agentcore-${randomUUID()}`
      const secret = newSecret()
      const env = {
        ...environment(surroundings, options.env ?? {}),
        PORT: String(inside),
        HOST: '0.0.0.0',
        [launchSecret.variable]: secret,
      }
      const args = [
        ...['run', '--rm', '--name', name, '--label', `${label}=${toFileName(session)}`],
        ...['-p', `127.0.0.1:${port}:${inside}`, ...(maxMemory > 0 ? ['--memory', String(maxMemory)] : [])],
        ...confinement,
        ...named(env),
        ...(options.runArguments ?? []),
        image,
      ]
      return children.start({
        session,
        command: { file: engine, args, cwd: folder, env: { ...process.env, ...env } },
        port,
        secret,
        started: { container: { engine, name } },
        beforeStop: (grace) => async () => {
          await tell(engine, ['stop', '-t', String(Math.ceil(grace / 1000)), name])
        },
        clear: async () => {
          await tell(engine, ['rm', '-f', name]) // it may outlive the command
          ports.giveBack(port)
        },
        memory: () => measureMemory(engine, name),
      })
    }

    return {
      isolation: 'container',
      open: TE.tryCatch(
        async () => {
          privateFolder(folder)
          const found = await tell(engine, ['image', 'inspect', '--format', '{{.Id}}', image])
          if (!found.isDone) throw new Error(`${engine} did not find the image ${image}: ${found.text.trim()}`)
          return children.recover()
        },
        (cause) => launchError(errorMessage(cause), cause),
      ),
      start: (session) =>
        TE.tryCatch(
          () => start(session),
          (cause) => launchError(`${engine} could not start the agent: ${errorMessage(cause)}`, cause),
        ),
      close: T.of(undefined),
      kill: children.kill,
    }
  }

/** The port of the contract, inside the container. */
const inside = 8080

/** The label on containers of this runtime. */
export const label = 'agentcore-fp.session'

/**
 * Hardening that a normal agent does not notice: no new privileges, and a limit on processes. Files, memory and network
 * remain available.
 */
const confinement = ['--cap-drop=all', '--security-opt', 'no-new-privileges', '--pids-limit', '1024'] as const

/** How often the engine is asked for a container's memory, in milliseconds: each query is slow. */
const memoryEvery = 10_000

interface Said {
  readonly isDone: boolean
  readonly text: string
}

/** Runs an engine command, which may be slow. */
const tell = async (engine: string, args: ReadonlyArray<string>): Promise<Said> => {
  const said = await runCommand({ file: engine, args, timeout: 60_000 })()
  if (E.isLeft(said)) return { isDone: false, text: errorMessage(said.left.cause) }
  const { code, out, err } = said.right
  if (code === 0) return { isDone: true, text: out.join('\n') }
  return { isDone: false, text: err.length === 0 ? `${engine} exited with ${code ?? 'a signal'}` : err.join('\n') }
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/** Parses the memory usage, the first part of `12.3MiB / 8GiB`. */
export const bytesIn = (usage: string): O.Option<number> => {
  const [, amount = '', unit = ''] = /^\s*([\d.]+)\s*([a-z]+)/i.exec(usage) ?? []
  const factor = units[unit.toLowerCase()]
  return factor === undefined ? O.none : O.some(Math.round(Number(amount) * factor))
}

const measureMemory = (engine: string, name: string): T.Task<O.Option<number>> => {
  let known: O.Option<number> = O.none
  let asked = -Infinity
  return async () => {
    if (performance.now() - asked < memoryEvery) return known
    asked = performance.now()
    const { isDone, text } = await tell(engine, ['stats', '--no-stream', '--format', '{{.MemUsage}}', name])
    known = isDone ? bytesIn(text) : O.none
    return known
  }
}

/** Passes values through the environment of the command: its arguments are visible to every user. */
const named = (env: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.keys(env).flatMap((name) => ['-e', name])
