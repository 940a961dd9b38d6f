/** Packages an agent for its launcher: a program for `node`, or a container image. Reports each step. */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Isolation } from '../../local'
import type { AgentFolder } from '../agent/AgentFolder'
import { remarks } from '../bundler/Bundle'
import { build, type Built, toBuilds } from '../bundler/bundleAgent'
import { type TypeCheckResult, typeCheck } from '../bundler/TypeCheck'
import type { Cli } from '../program/Cli'
import type { CliError } from '../program/CliError'
import { emulatesArm, type Engine, platformFor } from '../container/Engine'
import { buildImage, imageName } from '../container/Image'
import { showProgress, formatBytes, step, printLine } from '../terminal/Progress'
import { givenTo, inheritedBy } from './AgentEnvironment'
import { fromBuild, fromEngine } from '../terminal/Failures'
import { dockerfileFor } from './image/AgentDockerfile'
import { engineFor } from './image/EngineChoice'
import { largestImage } from './image/LocalEngine'
import type { Launch } from './host/HostPlan'

/** What to package. */
export interface PackageOptions {
  readonly where: AgentFolder
  readonly isolation: Isolation
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  /** Packages that stay in `node_modules`, besides those that `package.json` names. */
  readonly external: ReadonlyArray<string>
  readonly signal: AbortSignal
}

const checkedText = (checked: TypeCheckResult): string => {
  switch (checked._tag) {
    case 'Checked':
      return `Types checked with TypeScript ${checked.version}`
    case 'NotTypeScript':
      return ''
    case 'NoCompiler':
      return 'Types not checked: TypeScript is not installed (npm install --save-dev typescript)'
  }
}

/** Checks the types of the agent, where it has any. */
export const checkTypes = (
  cli: Cli,
  { where, signal }: Pick<PackageOptions, 'where' | 'signal'>,
): TE.TaskEither<CliError, TypeCheckResult> =>
  step(cli, 'Checking types')(
    pipe(
      typeCheck({ project: where.folder, file: where.file, cache: where.state, signal }),
      TE.mapLeft(fromBuild(cli)),
    ),
    checkedText,
  )

/** Bundles the agent, and tells what stays outside. */
export const bundle = (cli: Cli, { where, isolation, external }: PackageOptions): TE.TaskEither<CliError, Built> =>
  pipe(
    step(cli, 'Bundling')(
      pipe(
        build(where.folder, where.file, toBuilds(where.state), { _tag: 'Absolute' }, external),
        TE.mapLeft(fromBuild(cli)),
      ),
      ({ artifact, bundle: { format } }) =>
        `Bundled ${where.agent.entrypoint} into one ${format === 'cjs' ? 'CommonJS' : 'ES module'} file (${formatBytes(artifact.bytes)})`,
    ),
    TE.map((built) => {
      const outside = [...built.bundle.native, ...built.bundle.external].join(', ')
      if (outside !== '' && isolation !== 'container') {
        printLine(
          `Not bundled, but loaded from node_modules: ${outside}. In the cloud it must be built for linux-arm64`,
          'note',
        )(cli)
      }
      for (const remark of remarks(built.bundle)) printLine(remark, 'note')(cli)
      return built
    }),
  )

const image = (
  cli: Cli,
  what: PackageOptions,
  engine: Engine,
  { bundle: { native, external } }: Built,
): TE.TaskEither<CliError, string> => {
  const { where, signal } = what
  const platform = platformFor(engine, emulatesArm())
  const name = imageName(where.agent.name)
  if (platform.note !== undefined) printLine(platform.note, 'note')(cli)
  return pipe(
    dockerfileFor(cli, where, [...native, ...external]),
    TE.chain(({ path, isMade }) =>
      step(cli, `Building ${name}`)(
        pipe(
          buildImage({
            engine,
            platform,
            project: where.package,
            dockerfile: path,
            name,
            onStep: ({ at, text }) => showProgress(`Building ${name}: ${at} ${text}`)(cli),
            onLine: (line) => (cli.isVerbose ? printLine(line)(cli) : undefined),
            signal,
          }),
          TE.mapLeft(fromEngine(cli)),
        ),
        ({ bytes }) =>
          `Built ${name} (${formatBytes(bytes)}) for ${platform.name} from ${isMade ? 'a generated Dockerfile' : 'your Dockerfile'}`,
      ),
    ),
    TE.map(({ bytes }) => {
      if (bytes > largestImage) printLine(`The image is larger than 2 GB, the limit of AgentCore`, 'note')(cli)
      return name
    }),
  )
}

/** Packages the agent. */
export const createPackage = (cli: Cli, what: PackageOptions): TE.TaskEither<CliError, Launch> => {
  const { where, isolation, env } = what
  const region = where.agent.aws?.region ?? undefined
  const variables = givenTo(cli.env, region, env, isolation === 'container')
  return pipe(
    checkTypes(cli, what),
    TE.chain(() => bundle(cli, what)),
    TE.chain((built): TE.TaskEither<CliError, Launch> =>
      isolation === 'container'
        ? pipe(
            engineFor(cli, where),
            TE.chain((engine) =>
              pipe(
                image(cli, what, engine, built),
                TE.map((name): Launch => ({ _tag: 'Container', engine: engine.name, image: name, env: variables })),
              ),
            ),
          )
        : TE.right({ _tag: 'Process', file: built.artifact.main, env: variables, inherit: inheritedBy(cli.env) }),
    ),
  )
}
