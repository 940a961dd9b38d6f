/** Launches a process for each session: `node` with the built agent, a port and a working folder of its own. */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { privateFolder } from '../../node/file/PrivateFile'
import { isWithin } from '../../node/file/Within'
import { launchSecret, localRuntime } from '../../core/Protocol'
import { createPorts } from '../../node/network/PortRange'
import { measureMemory } from '../../node/process/Processes'
import { lifeline } from '../../node/process/ProcessGroup'
import { errorMessage, explainSystemError } from '../../node/SystemError'
import { childProcesses, toFileName } from './ChildProcess'
import { temporaryPrefix } from './Registry'
import { type Launched, launchError, type Launcher, type LauncherOf, newSecret, type Surroundings } from './Launcher'

/** The built agent. */
export interface ProcessOptions {
  /** The file that `node` runs. */
  readonly file: string
  /**
   * A folder to copy for each session as its working folder; a file inside it is run from the copy. Without it,
   * sessions start in an empty folder.
   */
  readonly copyOf?: string
  /** Environment variables of the agent, in addition to the inherited ones. */
  readonly env?: Readonly<Record<string, string>>
  /** The inherited environment. Default: that of this process. */
  readonly inherit?: Readonly<Record<string, string | undefined>>
  /** Options of `node` itself. */
  readonly nodeOptions?: ReadonlyArray<string>
  /** Receives the output of the agents. */
  readonly show?: (session: string, part: Buffer) => void
}

/** A launcher with a process for each session. */
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
        started: { folder: place.root, temporary: place.temporary },
        beforeStop: () => T.of(undefined),
        clear: async () => {
          ports.giveBack(port)
          const folders = [place.root, place.temporary]
          await Promise.all(folders.map((path) => rm(path, { recursive: true, force: true, maxRetries: 5 })))
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
        (cause) => launchError(`Cannot use the folder ${folder}: ${explainSystemError(cause).message}`, cause),
      ),
      start: (session) =>
        TE.tryCatch(
          () => start(session),
          (cause) => launchError(`Could not start the agent: ${errorMessage(cause)}`, cause),
        ),
      close: T.of(undefined),
      kill: children.kill,
    }
  }

/** Variables that an agent must not inherit, because they concern this process. */
const ownVariables = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID', 'PORT', 'HOST']

/** The environment of an agent: the service's variables, overridden by its own. */
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
  /** The session's folder. */
  readonly root: string
  /** The agent's working folder. */
  readonly folder: string
  readonly temporary: string
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

const workspace = async (session: string, { file, copyOf }: ProcessOptions, within: string): Promise<Workspace> => {
  privateFolder(within)
  const root = await mkdtemp(join(within, `${toFileName(session).slice(0, 40)}-`))
  const folder = join(root, 'work')
  await mkdir(folder, { mode: 0o700 })
  const where = copyOf === undefined ? resolve(file) : await copyTo(folder, resolve(file), resolve(copyOf))
  // Not below the project: a Unix socket in it may have a path of 103 bytes at most.
  const temporary = await mkdtemp(join(tmpdir(), temporaryPrefix))
  return { root, folder, temporary, file: where, env: { TMPDIR: temporary, TMP: temporary, TEMP: temporary } }
}

/** Copies a folder without its packages, which are linked; returns where the file is then. */
const copyTo = async (folder: string, file: string, from: string): Promise<string> => {
  await cp(from, folder, { recursive: true, filter: (path) => noPackages(relative(from, path)) })
  const packages = join(from, 'node_modules')
  if (existsSync(packages)) await symlink(packages, join(folder, 'node_modules'), 'junction') // too large to copy
  return isWithin(from, file) ? join(folder, relative(from, file)) : file
}
