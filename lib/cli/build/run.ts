/** Runs `agentcore build`. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { errorMessage } from '../../node/SystemError'
import { isWithin } from '../../node/file/Within'
import { agentFolder } from '../agent/AgentFolder'
import { type CliError, failed, unexpected } from '../program/CliError'
import type { Cli } from '../program/Cli'
import type { Run } from '../program/Command'
import { fromBuild } from '../terminal/Failures'
import { formatBytes } from '../terminal/Progress'
import { type Bundle, remarks } from '../bundler/Bundle'
import { build } from '../bundler/bundleAgent'
import { usedByInstance } from '../bundler/plugins/Native'
import { foreignIn, realTarget, replaceFolder } from './OutputFolder'

/** The values of its flags. */
export interface BuildValues {
  readonly entrypoint: string | undefined
  readonly outdir: string | undefined
  readonly external: ReadonlyArray<string>
}

/** Builds. */
export const run: Run<BuildValues> =
  ({ entrypoint, outdir = 'dist', external: kept }) =>
  (cli) =>
    pipe(
      entryFile(cli, entrypoint),
      TE.bindTo('file'),
      TE.bind('out', ({ file }) => outputFolder(cli, outdir, file)),
      TE.chain(({ file, out }) =>
        inScratch((scratch) =>
          pipe(
            build(cli.cwd, file, join(scratch, 'build'), { _tag: 'RelativeTo', folder: out }, kept),
            TE.mapLeft(fromBuild(cli)),
            TE.chainFirst(({ artifact }) =>
              TE.tryCatch(() => replaceFolder(out, artifact.folder), notWritten(outdir, 'choose another --outdir')),
            ),
          ),
        ),
      ),
      TE.map(({ artifact: { bytes }, bundle }) => {
        const { format, native, external, missing } = bundle
        return {
          json: { main: join(resolve(cli.cwd, outdir), 'main.js'), format, bytes, native, external, missing },
          text: () => [`${join(outdir, 'main.js')} (${formatBytes(bytes)})`, ...notes(bundle)].join('\n'),
        }
      }),
    )

const notes = (bundle: Bundle): ReadonlyArray<string> => [
  ...bundle.native.map((name) => {
    const user = usedByInstance.get(name)
    const condition = user === undefined ? 'too' : `if the agent uses ${user}`
    return `${name} cannot be bundled: ship node_modules ${condition}`
  }),
  ...bundle.external.map((name) => `${name} is not bundled: ship node_modules too`),
  ...remarks(bundle),
]

const entryFile = (cli: Cli, entrypoint: string | undefined): TE.TaskEither<CliError, string> =>
  entrypoint === undefined
    ? pipe(
        agentFolder(cli, { agent: undefined }),
        TE.map(({ file }) => file),
      )
    : TE.right(resolve(cli.cwd, entrypoint))

/** The folder to write to, links followed. Left where anything would be lost but an earlier build. */
const outputFolder = (cli: Cli, outdir: string, file: string): TE.TaskEither<CliError, string> =>
  pipe(
    TE.tryCatch(
      async () => {
        const out = await realTarget(resolve(cli.cwd, outdir))
        const sources = await Promise.all([cli.cwd, file].map(realTarget))
        return { out, isSource: sources.some((path) => isWithin(out, path)), foreign: await foreignIn(out) }
      },
      notWritten(outdir, 'choose another --outdir'),
    ),
    TE.chain(({ out, isSource, foreign }) => {
      if (isSource) {
        return TE.left(
          failed('NOT_WRITTEN', '--outdir would replace the folder of the agent', 'choose another --outdir'),
        )
      }
      if (foreign.length === 0) return TE.right(out)
      const names = foreign.slice(0, 3).join(', ')
      const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : ''
      const what = `${outdir} contains files that agentcore build did not write (${names}${more})`
      return TE.left(failed('NOT_WRITTEN', what, 'empty it, or choose another --outdir'))
    }),
  )

const notWritten =
  (outdir: string, next: string) =>
  (cause: unknown): CliError =>
    failed('NOT_WRITTEN', `Could not write ${outdir}: ${errorMessage(cause)}`, next, { cause })

/** A private folder for the program while it is made, in the temporary folder of the system. */
const inScratch = <A>(use: (scratch: string) => TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
  pipe(
    TE.tryCatch(async () => mkdtemp(join(await realpath(tmpdir()), 'agentcore-build-')), unexpected),
    TE.chain((scratch) => () => use(scratch)().finally(() => rm(scratch, { recursive: true, force: true }))),
  )
