/** Builds the image of an agent with a real engine, by the user's Dockerfile or one made for the agent. */
import { existsSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { writeAtomic } from '../../node/file/AtomicFile'
import { readPrivate, writePrivate } from '../../node/file/PrivateFile'
import { readText } from '../../node/file/TextFile'
import { runCommand } from '../../node/process/ChildCommand'
import { failingStep, type Step, stepIn } from './BuildOutput'
import { toDockerfile, dockerignore, type ImagePlan, type Install, isUnedited } from './Dockerfile'
import type { Engine, Platform } from './Engine'
import type { EngineError } from './EngineError'

/** A built image. */
export interface Image {
  readonly name: string
  readonly bytes: number
}

/** A Dockerfile that is used, and whose it is. */
export interface Dockerfile {
  readonly path: string
  readonly isMade: boolean
  /** The text of the `.dockerignore` that a dry run did not write. */
  readonly dockerignore?: string
}

const contextFailed =
  (path: string) =>
  (cause: unknown): EngineError => ({ _tag: 'ContextFailed', path, cause })

// ---------------------------------------------------------------------------------------------------------------------
// the plan
// ---------------------------------------------------------------------------------------------------------------------

const managers = [
  ['pnpm', 'pnpm-lock.yaml'],
  ['yarn', 'yarn.lock'],
  ['npm', 'package-lock.json'],
  ['npm', 'npm-shrinkwrap.json'],
] as const

const dependenciesIn = (manifest: unknown): Readonly<Record<string, unknown>> => {
  const found: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'dependencies') : {}
  return typeof found === 'object' && found !== null ? Object.fromEntries(Object.entries(found)) : {}
}

/** What to make the Dockerfile from, by what lies in the project. */
export const planFor = (
  project: string,
  entry: string,
  given: Pick<ImagePlan, 'nodeVersion' | 'native' | 'region'> & { readonly version: string },
): TE.TaskEither<EngineError, ImagePlan> => {
  const path = join(project, 'package.json')
  const lock = managers.find(([, file]) => existsSync(join(project, file)))
  return TE.tryCatch(async () => {
    const { version, ...rest } = given
    const manifest: unknown = existsSync(path) ? JSON.parse(await readText(path)) : undefined
    const dependencies = dependenciesIn(manifest)
    const fromProject = Object.values(dependencies).some((of) => typeof of === 'string' && /^(file|link):/.test(of))
    const install: Install =
      manifest === undefined
        ? { _tag: 'Nothing' }
        : { _tag: 'Packages', manager: lock?.[0] ?? 'npm', hasLock: lock !== undefined, fromProject }
    return {
      ...rest,
      install,
      entry: relative(project, entry).split(sep).join(posix.sep),
      ...('agentcore-fp' in dependencies ? {} : { fetched: version }),
    }
  }, contextFailed(path))
}

/** Where a Dockerfile is looked for, and whether the project may be written to. */
export interface ImageFolders {
  readonly project: string
  readonly state: string
  readonly dryRun: boolean
}

/**
 * The Dockerfile to use: the project's own, one in the agent's folder of state that was edited, else one made now. A
 * project without a `.dockerignore` gets one.
 */
export const prepare = (folders: ImageFolders, plan: ImagePlan): TE.TaskEither<EngineError, Dockerfile> => {
  const { project, state, dryRun } = folders
  const [own, made] = [join(project, 'Dockerfile'), join(state, 'Dockerfile')]
  const ignore = join(project, '.dockerignore')
  return pipe(
    TE.tryCatch(async () => {
      if (existsSync(ignore)) return {}
      if (dryRun) return { dockerignore }
      await writeAtomic(ignore, dockerignore)
      return {}
    }, contextFailed(ignore)),
    TE.chain((ignored) =>
      TE.tryCatch(async () => {
        if (existsSync(own)) return { path: own, isMade: false, ...ignored }
        const before = readPrivate(made)
        if (before !== undefined && !isUnedited(before)) return { path: made, isMade: false, ...ignored }
        await writePrivate(made, toDockerfile(plan))
        return { path: made, isMade: true, ...ignored }
      }, contextFailed(made)),
    ),
  )
}

// ---------------------------------------------------------------------------------------------------------------------
// the build
// ---------------------------------------------------------------------------------------------------------------------

/** What to build, and who hears of it. */
export interface BuildImageOptions {
  readonly engine: Engine
  readonly platform: Platform
  readonly project: string
  readonly dockerfile: string
  /** The image's name and tag. */
  readonly name: string
  readonly onStep: (step: Step) => void
  readonly onLine: (line: string) => void
  readonly signal?: AbortSignal
}

/** The name of an agent's image for local runs. */
export const imageName = (agent: string): string => `bedrock_agentcore-${agent.toLowerCase()}:local`

const readSize = (engine: Engine, name: string): TE.TaskEither<EngineError, Image> =>
  pipe(
    runCommand({ file: engine.name, args: ['image', 'inspect', '--format', '{{.Size}}', name] }),
    TE.match(
      () => 0, // the size is only told
      ({ out }) => Number(out.at(-1) ?? 0),
    ),
    TE.fromTask,
    TE.map((bytes): Image => ({ name, bytes: Number.isFinite(bytes) ? bytes : 0 })),
  )

/** Builds. Left `ImageFailed` with the lines of the step that failed. */
export const buildImage = (what: BuildImageOptions): TE.TaskEither<EngineError, Image> => {
  const { engine, platform, project, dockerfile, name, onLine, onStep, signal } = what
  return pipe(
    TE.fromIO(() => new Array<string>()),
    TE.chain((lines) =>
      pipe(
        runCommand({
          file: engine.name,
          args: [
            ...['build', '--platform', platform.name],
            // BuildKit knows it by itself; podman 4 has to be told.
            ...['--build-arg', `BUILDPLATFORM=linux/${engine.arch}`],
            ...['-t', name, '-f', dockerfile, project],
          ],
          cwd: project,
          env: { ...process.env, BUILDKIT_PROGRESS: 'plain' },
          onLine: (line) => {
            if (lines.push(line) > 10_000) lines.splice(0, 5000)
            const step = stepIn(line)
            if (step !== undefined) onStep(step)
            onLine(line)
          },
          ...(signal === undefined ? {} : { signal }),
        }),
        TE.mapLeft(({ cause }): EngineError => ({ _tag: 'ImageFailed', engine: engine.name, step: [cause.message] })),
        TE.filterOrElse(
          ({ code }) => code === 0,
          (): EngineError => ({ _tag: 'ImageFailed', engine: engine.name, step: failingStep(lines) }),
        ),
      ),
    ),
    TE.chain(() => readSize(engine, name)),
  )
}
