/** Builds and pushes images for a deployment, with the container engine of this machine. */
import { readFile } from 'node:fs/promises'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { ImageEngine } from '../../../deploy/build/runImageStep'
import { type DeployError, interrupted } from '../../../deploy/failure/DeployError'
import type { AgentFolder } from '../../agent/AgentFolder'
import { runsOnTarget } from '../../container/Emulation'
import { emulatesArm, type Engine } from '../../container/Engine'
import { type EngineError, explain } from '../../container/EngineError'
import { buildImage, type Dockerfile } from '../../container/Image'
import { pushImages, tagImage } from '../../container/PushImage'
import type { Cli } from '../../program/Cli'
import type { CliError } from '../../program/CliError'
import { fromEngine } from '../../terminal/Failures'
import { formatBytes, printLine, showProgress } from '../../terminal/Progress'

/** What is built, and where. */
export interface LocalBuild {
  readonly engine: Engine
  readonly where: AgentFolder
  readonly dockerfile: Dockerfile
  readonly signal: AbortSignal
}

/** The largest image that the service takes, in bytes. */
export const largestImage = 2e9

/** The engine. Left: `NO_EMULATION` if it could not run what the Dockerfile runs for arm64. */
export const toImageEngine = (cli: Cli, build: LocalBuild): TE.TaskEither<CliError, ImageEngine> => {
  const { engine, dockerfile } = build
  return pipe(
    TE.tryCatch(
      () => readFile(dockerfile.path, 'utf8'),
      (cause): EngineError => ({ _tag: 'ContextFailed', path: dockerfile.path, cause }),
    ),
    TE.filterOrElse(
      (text) => engine.arch === 'arm64' || emulatesArm() || !runsOnTarget(text),
      (): EngineError => ({ _tag: 'NoEmulation', engine: engine.name, arch: engine.arch }),
    ),
    TE.bimap(fromEngine(cli), () => ({
      build: (image) => buildFor(cli, build, image),
      tag: (image, name) => tagImage(engine, image, name),
      push: (images, login) =>
        pushImages({
          engine,
          images,
          login,
          onLine: (line) => (cli.isVerbose ? printLine(line)(cli) : showProgress(`Pushing: ${line}`)(cli)),
          signal: build.signal,
        }),
    })),
  )
}

const buildFor = (
  cli: Cli,
  { engine, where, dockerfile, signal }: LocalBuild,
  image: string,
): TE.TaskEither<DeployError, void> =>
  pipe(
    buildImage({
      engine,
      platform: { name: 'linux/arm64' },
      project: where.package,
      dockerfile: dockerfile.path,
      name: image,
      onStep: ({ at, text }) => showProgress(`Building: ${at} ${text}`)(cli),
      onLine: (line) => (cli.isVerbose ? printLine(line)(cli) : undefined),
      signal,
    }),
    TE.bimap(
      (error): DeployError =>
        signal.aborted ? interrupted : { _tag: 'ImageFailed', engine: engine.name, lines: linesOf(error) },
      ({ bytes }) => {
        const text = `The image has ${formatBytes(bytes)}, and AgentCore takes ${formatBytes(largestImage)}`
        if (bytes > largestImage && !signal.aborted) printLine(text, 'note')(cli)
      },
    ),
    // podman exits with 0 on SIGTERM.
    TE.filterOrElse(
      () => !signal.aborted,
      () => interrupted,
    ),
  )

const linesOf = (error: EngineError): ReadonlyArray<string> =>
  error._tag === 'ImageFailed' ? error.step : [explain(error).message]
