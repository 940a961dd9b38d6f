/** What a deployment brings to AWS: an archive of code, the source of an image, or the name of an image. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { toDeploymentType, type AgentConfig } from '../../../config/Project'
import { readContext } from '../../../deploy/archive/BuildContext'
import { createSource } from '../../../deploy/archive/CodeArchive'
import { buildPackages, registryPackages } from '../../../deploy/build/BuildClients'
import type { ImageEngine } from '../../../deploy/build/runImageStep'
import type { DeployError } from '../../../deploy/failure/DeployError'
import type { ImageOverrides, ImageSetting } from '../../../deploy/image/ImageSettings'
import { type CodeDigest, noArchive } from '../../../deploy/plan/ContentPlan'
import { timeTag } from '../../../deploy/resources/ImageNames'
import type { AgentFolder } from '../../agent/AgentFolder'
import { fromDeploy } from '../../cloud/CloudFailure'
import type { Dockerfile } from '../../container/Image'
import type { Cli } from '../../program/Cli'
import { type CliError, usage } from '../../program/CliError'
import { formatBytes, step } from '../../terminal/Progress'
import { dockerfileFor, hasDockerfile } from '../image/AgentDockerfile'
import { engineFor } from '../image/EngineChoice'
import { toImageEngine } from '../image/LocalEngine'
import { bundle, checkTypes } from '../Package'
import { type CodePackageOptions, packageCode } from './CodePackage'

/** What is deployed. */
export interface Content extends CodeDigest {
  readonly zip: Uint8Array
  /** What builds the image, if it is built on this machine. */
  readonly engine: ImageEngine | undefined
}

/** What the command line says of images. */
export interface ImageValues {
  readonly localBuild: boolean
  readonly imageTag: string | undefined
  readonly imageUri: string | undefined
  readonly exclude: ReadonlyArray<string>
}

/** The image that the command line asks for. Left: `Usage`, for flags that mean nothing to the agent. */
export const toImageOverrides = (
  cli: Cli,
  agent: AgentConfig,
  { localBuild, imageTag, imageUri, exclude }: ImageValues,
): TE.TaskEither<CliError, ImageOverrides> => {
  const flags: ReadonlyArray<readonly [flag: string, isGiven: boolean]> = [
    ['--local-build', localBuild],
    ['--image-tag', imageTag !== undefined],
    ['--image-uri', imageUri !== undefined],
  ]
  const [given] = flags.filter(([, isGiven]) => isGiven).map(([flag]) => flag)
  if (toDeploymentType(agent) !== 'container') {
    if (given !== undefined)
      return TE.left(usage(`${given} is for containers, and ${agent.name} is deployed as code`, `omit ${given}`))
  } else if (exclude.length > 0) {
    return TE.left(usage('--exclude is for agents that are deployed as code', 'list the files in .dockerignore'))
  }
  if (imageUri !== undefined && given !== '--image-uri')
    return TE.left(usage(`${given ?? ''} is for images that are built, and --image-uri names one`, 'omit one of them'))
  return TE.right({
    uri: imageUri,
    builder: localBuild ? 'Engine' : 'CodeBuild',
    tag: { name: imageTag ?? timeTag(cli.now()), isChosen: imageTag !== undefined },
  })
}

/** The packages of the AWS SDK that a deployment needs beyond those that every deployment needs. */
export const packagesFor = (agent: AgentConfig, { builder, uri }: ImageOverrides): ReadonlyArray<string> => {
  if (toDeploymentType(agent) !== 'container' || uri !== undefined) return []
  return builder === 'Engine' ? registryPackages : buildPackages
}

/** Makes it. Nothing is sent anywhere. */
export const packageContent = (
  cli: Cli,
  image: ImageSetting | undefined,
  options: CodePackageOptions,
): TE.TaskEither<CliError, Content> => {
  if (image === undefined) {
    return pipe(
      packageCode(cli, options),
      TE.map((code) => ({ ...code, engine: undefined })),
    )
  }
  return image._tag === 'Given'
    ? TE.right({ ...noArchive, zip: new Uint8Array(), engine: undefined })
    : packageSource(cli, image.builder, options)
}

const packageSource = (
  cli: Cli,
  builder: 'CodeBuild' | 'Engine',
  { where, external, dryRun, signal }: CodePackageOptions,
): TE.TaskEither<CliError, Content> =>
  pipe(
    checkTypes(cli, { where, signal }),
    TE.chain(() => outside(cli, where, external, signal)),
    TE.chain((native) => dockerfileFor(cli, where, native, dryRun)),
    TE.bindTo('dockerfile'),
    // Whether the engine can build it is known before anything is read or sent.
    TE.bind('engine', ({ dockerfile }) =>
      builder === 'CodeBuild' ? TE.right(undefined) : localEngine(cli, where, dockerfile, signal),
    ),
    TE.bind('source', ({ dockerfile: { path: dockerfile, isMade, dockerignore } }) =>
      step(cli, 'Packaging')(
        pipe(
          readContext({ folder: where.package, dockerfile, dockerignore }),
          TE.chain(createSource),
          TE.mapLeft((error: DeployError) => fromDeploy(error)),
        ),
        ({ files, bytes }) =>
          `Packaged ${files} files (${formatBytes(bytes)} zipped) with ${isMade ? 'a generated Dockerfile' : 'your Dockerfile'}`,
      ),
    ),
    TE.map(({ source, engine }) => ({ ...source, engine })),
  )

/** What the image takes along in `node_modules`. A Dockerfile of the user sees to that itself. */
const outside = (
  cli: Cli,
  where: AgentFolder,
  external: ReadonlyArray<string>,
  signal: AbortSignal,
): TE.TaskEither<CliError, ReadonlyArray<string>> =>
  hasDockerfile(where)
    ? TE.right([])
    : pipe(
        bundle(cli, { where, isolation: 'container', env: [], external, signal }),
        TE.map(({ bundle: made }) => [...made.native, ...made.external]),
      )

const localEngine = (
  cli: Cli,
  where: AgentFolder,
  dockerfile: Dockerfile,
  signal: AbortSignal,
): TE.TaskEither<CliError, ImageEngine> =>
  pipe(
    engineFor(cli, where),
    TE.chain((engine) => toImageEngine(cli, { engine, where, dockerfile, signal })),
  )
