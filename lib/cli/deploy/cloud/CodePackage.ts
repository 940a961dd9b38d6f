/** Packages an agent for AgentCore: types checked, one bundle, the packages that are not in it, one archive. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { join } from 'node:path'
import type { ArchiveEntry } from '../../../deploy/archive/ArchiveEntry'
import { carryPackages } from '../../../deploy/packages/CarriedPackages'
import { type CodeArchive, createArchive } from '../../../deploy/archive/CodeArchive'
import { type Excludes, toExcludes } from '../../../deploy/archive/Exclude'
import { checkEngines } from '../../../deploy/packages/NodeEngines'
import type { AgentFolder } from '../../agent/AgentFolder'
import { type Bundle, remarks } from '../../bundler/Bundle'
import { build, toBuilds } from '../../bundler/bundleAgent'
import { readManifest } from '../../bundler/plugins/Native'
import { fromDeploy } from '../../cloud/CloudFailure'
import type { Cli } from '../../program/Cli'
import { type CliError, failed } from '../../program/CliError'
import { fromBuild } from '../../terminal/Failures'
import { formatBytes, printLine, step } from '../../terminal/Progress'
import { checkTypes } from '../Package'

/** What is packaged. */
export interface CodePackageOptions {
  readonly where: AgentFolder
  readonly exclude: ReadonlyArray<string>
  /** Packages that stay in `node_modules`, besides those that `package.json` names. */
  readonly external: ReadonlyArray<string>
  /** Nothing is written to the project. */
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

/** Packages the agent. Nothing is sent anywhere. */
export const packageCode = (cli: Cli, options: CodePackageOptions): TE.TaskEither<CliError, CodeArchive> => {
  const { where, exclude, external } = options
  const excludes = toExcludes(exclude)
  return pipe(
    admitsNode(where),
    TE.chain(() => checkTypes(cli, options)),
    TE.chain(() => bundle(cli, where, external)),
    TE.bindTo('bundle'),
    TE.bind('carried', ({ bundle: made }) => carry(cli, where, [...made.native, ...made.external], excludes)),
    TE.chain(({ bundle: { files }, carried }) =>
      step(cli, 'Packaging')(
        pipe(
          createArchive([...files.map(toEntry).filter(({ name }) => !excludes(name)), ...carried]),
          TE.mapLeft((error) => fromDeploy(error)),
        ),
        ({ bytes, files: count }) => `Packaged ${count} files (${formatBytes(bytes)} zipped)`,
      ),
    ),
  )
}

/** The service looks at `engines.node` too, and only after the upload. */
const admitsNode = ({ package: folder, agent }: AgentFolder): TE.TaskEither<CliError, void> =>
  pipe(
    TE.fromTask<unknown, CliError>(() => readManifest(folder)),
    TE.chainEitherK((manifest) =>
      pipe(
        checkEngines(agent.name, manifest),
        E.mapLeft((error) => fromDeploy(error)),
      ),
    ),
  )

const bundle = (cli: Cli, where: AgentFolder, kept: ReadonlyArray<string>): TE.TaskEither<CliError, Bundle> =>
  pipe(
    step(cli, 'Bundling')(
      pipe(
        // Paths in the source map are those of the project: the archive says nothing of this machine.
        build(
          where.folder,
          where.file,
          toBuilds(where.state),
          { _tag: 'RelativeTo', folder: join(where.folder, 'dist') },
          kept,
        ),
        TE.mapLeft(fromBuild(cli)),
      ),
      ({ artifact: { bytes }, bundle: { format } }) =>
        `Bundled ${where.agent.entrypoint} into one ${format === 'cjs' ? 'CommonJS' : 'ES module'} file (${formatBytes(bytes)})`,
    ),
    TE.map((built) => {
      for (const remark of remarks(built.bundle)) printLine(remark, 'note')(cli)
      return built.bundle
    }),
    TE.filterOrElse(
      (made) => indirectIn(made).length === 0,
      (made) => {
        const names = indirectIn(made).join(' ')
        return failed(
          'PACKAGE_MISSING',
          `${names} cannot be bundled, and only another package finds it in node_modules`,
          `make it a dependency of the project: npm install ${names}`,
        )
      },
    ),
  )

/** Packages that the program seeks by their place in `node_modules`, which an archive has in another order. */
const indirectIn = ({ files }: Bundle): ReadonlyArray<string> => {
  const program = files.find(({ name }) => name === 'main.js')
  const text = program === undefined ? '' : Buffer.from(program.contents).toString('utf8')
  const places = [...text.matchAll(/Cannot find node_modules\/([^:"`]+): ship node_modules/g)]
  return [...new Set(places.flatMap(([, place]) => place?.replace(/^.*node_modules\//, '') ?? []))]
}

const toEntry = ({ name, contents }: Bundle['files'][number]): ArchiveEntry => ({
  name,
  contents,
  isExecutable: false,
})

const carry = (
  cli: Cli,
  where: AgentFolder,
  names: ReadonlyArray<string>,
  excludes: Excludes,
): TE.TaskEither<CliError, ReadonlyArray<ArchiveEntry>> =>
  names.length === 0
    ? TE.right([])
    : step(cli, 'Collecting packages')(
        pipe(
          carryPackages({ folder: where.folder, names, excludes }),
          TE.mapLeft((error) => fromDeploy(error)),
        ),
        (entries) => `Took along ${names.join(', ')} from node_modules (${entries.length} files)`,
      )
