/** Pushes images to a registry, signed in for that alone: what the user is signed in to stays as it is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { RegistryLogin } from '../../deploy/build/Repositories'
import { type DeployError, interrupted } from '../../deploy/failure/DeployError'
import { runCommand } from '../../node/process/ChildCommand'
import type { Engine } from './Engine'

/** What to push. */
export interface PushOptions {
  readonly engine: Engine
  readonly images: ReadonlyArray<string>
  readonly login: RegistryLogin
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** Pushes images, one after the other. Left: `LoginRefused`, `PushFailed`. */
export const pushImages = (options: PushOptions): TE.TaskEither<DeployError, void> => {
  const { engine, images, login } = options
  return inPrivateFolder(login.host, (folder) =>
    pipe(
      environment(engine, folder),
      TE.fromTask<NodeJS.ProcessEnv, DeployError>,
      TE.chain((env) =>
        pipe(
          signIn(options, env),
          TE.chain(() => TE.traverseSeqArray((image: string) => push(options, env, image))(images)),
          (task) => () => task().finally(signOut(options, env)),
        ),
      ),
      TE.map(() => undefined),
    ),
  )
}

/** Gives an image another name. Left: `PushFailed`. */
export const tagImage = (engine: Engine, image: string, name: string): TE.TaskEither<DeployError, void> =>
  run(engine, ['tag', image, name], {}, (lines) => ({ _tag: 'PushFailed', engine: engine.name, image: name, lines }))

/** How many lines explain a failure. */
const shown = 20

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

const run = (
  { name }: Engine,
  args: ReadonlyArray<string>,
  options: RunOptions,
  toError: (lines: ReadonlyArray<string>) => DeployError,
): TE.TaskEither<DeployError, void> =>
  pipe(
    runCommand({ file: name, args, ...options }),
    TE.mapLeft(({ cause }) => toError([cause.message])),
    // podman exits with 0 on SIGTERM.
    TE.filterOrElse(
      () => options.signal?.aborted !== true,
      () => interrupted,
    ),
    TE.filterOrElse(
      ({ code }) => code === 0,
      ({ out, err }) => toError([...out, ...err].filter((line) => line.trim() !== '').slice(-shown)),
    ),
    TE.map(() => undefined),
  )

/** The password goes through a pipe: whoever lists the processes of the machine does not see it. */
const signIn = (
  { engine, login: { host, username, password }, signal }: PushOptions,
  env: NodeJS.ProcessEnv,
): TE.TaskEither<DeployError, void> =>
  run(
    engine,
    ['login', '--username', username, '--password-stdin', host],
    { env, input: password, signal },
    (lines) => ({ _tag: 'LoginRefused', engine: engine.name, registry: host, lines }),
  )

const push = (
  { engine, onLine, signal }: PushOptions,
  env: NodeJS.ProcessEnv,
  image: string,
): TE.TaskEither<DeployError, void> =>
  run(engine, ['push', image], { env, onLine, signal }, (lines) => ({
    _tag: 'PushFailed',
    engine: engine.name,
    image,
    lines,
  }))

/** finch keeps its logins in its own machine, where no folder of this one is seen. */
const signOut =
  ({ engine, login: { host } }: PushOptions, env: NodeJS.ProcessEnv) =>
  async (): Promise<void> => {
    if (engine.name === 'finch') await runCommand({ file: engine.name, args: ['logout', host], env })()
  }

/** Where an engine keeps the login: docker by one variable, podman, whatever name it has, by the other. */
const environment =
  ({ name }: Engine, folder: string) =>
  async (): Promise<NodeJS.ProcessEnv> => {
    if (name === 'finch') return process.env
    const host = name === 'docker' && process.env['DOCKER_HOST'] === undefined ? await dockerHost() : undefined
    return {
      ...process.env,
      DOCKER_CONFIG: folder,
      REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
      ...(host === undefined ? {} : { DOCKER_HOST: host }),
    }
  }

/** The daemon of the current context, which is a part of the configuration that the login is kept out of. */
const dockerHost = async (): Promise<string | undefined> => {
  const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']
  const found = await runCommand({ file: 'docker', args, timeout: 10_000 })()
  const line = found._tag === 'Right' && found.right.code === 0 ? found.right.out.at(-1)?.trim() : undefined
  return line === undefined || line === '' ? undefined : line
}

/**
 * A folder that only this user can enter, with a file that names the registry: docker would otherwise keep the login in
 * the key chain of the machine.
 */
const inPrivateFolder = <A>(
  host: string,
  use: (folder: string) => TE.TaskEither<DeployError, A>,
): TE.TaskEither<DeployError, A> =>
  pipe(
    TE.tryCatch(
      async () => {
        const folder = await mkdtemp(join(tmpdir(), 'agentcore-login-'))
        await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: {} } }), { mode: 0o600 })
        return folder
      },
      (cause): DeployError => ({ _tag: 'PackagingFailed', cause }),
    ),
    TE.chain((folder) => () => use(folder)().finally(() => rm(folder, { recursive: true, force: true }))),
  )
