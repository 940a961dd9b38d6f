/** A process of its own for each session: `node` with the built agent, a port, a working folder and the agent's environment. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { privateFolder } from '../../node/file/PrivateFile'
import { launchSecret, localRuntime } from '../../core/Protocol'
import { createPorts } from '../../node/network/PortRange'
import { measureMemory } from '../../node/process/Processes'
import { lifeline } from '../../node/process/ProcessGroup'
import { errorMessage } from '../../node/SystemError'
import { childProcesses, toFileName } from './ChildProcess'
import { type Launched, launchError, type Launcher, type LauncherOf, newSecret, type Surroundings } from './Launcher'

/** The built agent. */
export interface ProcessOptions {
  /** The file that `node` runs. */
  readonly file: string
  /**
   * A folder that each session gets a copy of to work in; the file is run from the copy if it is in there. Without it a
   * session begins in an empty folder.
   */
  readonly copyOf?: string
  /** The environment of the agent, beside that of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** What the agent inherits; the environment of this process unless given. */
  readonly inherit?: Readonly<Record<string, string | undefined>>
  /** Options of `node` itself. */
  readonly nodeOptions?: ReadonlyArray<string>
  /** Is given what the agents write, as it comes. */
  readonly show?: (session: string, part: Buffer) => void
}

/** Starts a process for each session. */
export const processLauncher =
  (options: ProcessOptions): LauncherOf =>
  (surroundings): Launcher => {
    const { folder } = surroundings
    const ports = createPorts()
    const children = childProcesses(folder, options.show)

    const start = async (session: string): Promise<Launched> => {
      const port = await ports.take()
      const secret = newSecret()
      const place = await workspace(session, options, join(folder, 'sessions'))
      const env = environment(surroundings, {
        ...inherited(options.inherit ?? process.env),
        ...place.env,
        ...options.env,
        PORT: String(port),
        HOST: '127.0.0.1',
        [launchSecret.variable]: secret,
      })
      const args = [...(options.nodeOptions ?? []), ...lifeline, place.file]
      return children.start({
        session,
        command: { file: process.execPath, args, cwd: place.folder, env, hasLifeline: true },
        port,
        secret,
        started: { folder: place.root },
        beforeStop: () => T.of(undefined),
        clear: async () => {
          ports.giveBack(port)
          await rm(place.root, { recursive: true, force: true, maxRetries: 5 })
        },
        memory: measureMemory,
      })
    }

    return {
      isolation: 'process',
      open: TE.tryCatch(
        async () => {
          privateFolder(join(folder, 'sessions'))
          return children.recover()
        },
        (cause) => launchError(`The folder ${folder} cannot be used: ${errorMessage(cause)}`, cause),
      ),
      start: (session) =>
        TE.tryCatch(
          () => start(session),
          (cause) => launchError(`The agent cannot be started: ${errorMessage(cause)}`, cause),
        ),
      close: T.of(undefined),
      kill: children.kill,
    }
  }

/** What an agent must not inherit: it speaks of this process. */
const ownVariables = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID', 'PORT', 'HOST']

/** The environment of an agent: what the service tells it, and its own, which counts for more. */
export const environment = (
  { arn, url }: Surroundings,
  own: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> => ({
  OTEL_RESOURCE_ATTRIBUTES: `cloud.resource_id=${arn}`,
  [localRuntime.variable]: '1',
  AGENTCORE_RUNTIME_URL: `${url()}/runtimes/${encodeURIComponent(arn)}/invocations/`,
  ...own,
})

const inherited = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !ownVariables.includes(name)))

const noPackages = (path: string): boolean => !path.split(/[\\/]/).includes('node_modules')

interface Workspace {
  /** All that belongs to the session. */
  readonly root: string
  /** Where the agent works. */
  readonly folder: string
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

const workspace = async (session: string, { file, copyOf }: ProcessOptions, within: string): Promise<Workspace> => {
  privateFolder(within)
  const root = await mkdtemp(join(within, `${toFileName(session).slice(0, 40)}-`))
  const [folder, temporary] = [join(root, 'work'), join(root, 'tmp')]
  await Promise.all([folder, temporary].map((path) => mkdir(path, { mode: 0o700 })))
  const temporaries = { TMPDIR: temporary, TMP: temporary, TEMP: temporary }
  if (copyOf === undefined) return { root, folder, file: resolve(file), env: temporaries }
  const from = resolve(copyOf)
  const inside = relative(from, resolve(file))
  await cp(from, folder, { recursive: true, filter: (path) => noPackages(relative(from, path)) })
  const packages = join(from, 'node_modules')
  if (existsSync(packages)) await symlink(packages, join(folder, 'node_modules'), 'junction') // large, and not written to
  const isInside = !inside.startsWith('..') && !isAbsolute(inside)
  return { root, folder, file: isInside ? join(folder, inside) : resolve(file), env: temporaries }
}
