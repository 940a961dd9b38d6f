/** Runs `agentcore build`. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { agentFolder } from '../agent/AgentFolder'
import { type CliError, failed } from '../program/CliError'
import type { Run } from '../program/Command'
import { fromBuild } from '../terminal/Failures'
import { formatBytes } from '../terminal/Progress'
import type { Artifact } from '../bundler/Artifact'
import { build } from '../bundler/bundleAgent'

/** The values of its flags. */
export interface BuildValues {
  readonly entrypoint: string | undefined
  readonly outdir: string | undefined
}

/** Replaces the output folder with the built program in one step. */
const placeAt = (outdir: string, scratch: string, { folder }: Artifact): TE.TaskEither<CliError, void> =>
  TE.tryCatch(
    async () => {
      const whole = join(scratch, 'whole')
      await mkdir(whole) // with the modes that files of a project have: the program may be another user's to run
      for (const name of await readdir(folder)) await writeFile(join(whole, name), await readFile(join(folder, name)))
      await rm(outdir, { recursive: true, force: true })
      await rename(whole, outdir)
    },
    (cause) => failed('NOT_WRITTEN', `Could not write ${outdir}`, 'check that you own the folder', { cause }),
  )

const inScratch =
  (outdir: string) =>
  <A>(use: (scratch: string) => TE.TaskEither<CliError, A>): TE.TaskEither<CliError, A> =>
    pipe(
      TE.tryCatch(
        () => mkdtemp(join(dirname(outdir), `.${basename(outdir)}-`)),
        (cause) => failed('NOT_WRITTEN', `Could not write to ${dirname(outdir)}`, 'choose another --outdir', { cause }),
      ),
      TE.chain((scratch) => () => use(scratch)().finally(() => rm(scratch, { recursive: true, force: true }))),
    )

/** Builds. */
export const run: Run<BuildValues> =
  ({ entrypoint, outdir = 'dist' }) =>
  (cli) => {
    const out = resolve(cli.cwd, outdir)
    if (out === resolve(cli.cwd)) {
      return TE.left(failed('NOT_WRITTEN', '--outdir would replace the folder of the agent', 'choose another --outdir'))
    }
    return pipe(
      entrypoint === undefined
        ? pipe(
            agentFolder(cli.cwd, undefined),
            TE.map(({ file }) => file),
          )
        : TE.right(resolve(cli.cwd, entrypoint)),
      TE.chain((file) =>
        inScratch(out)((scratch) =>
          pipe(
            build(cli.cwd, file, join(scratch, 'build')),
            TE.mapLeft(fromBuild(cli)),
            TE.chainFirst(({ artifact }) => placeAt(out, scratch, artifact)),
          ),
        ),
      ),
      TE.map(({ artifact: { bytes }, bundle: { format, native } }) => ({
        json: { main: join(out, 'main.js'), format, bytes, native },
        text: () =>
          [
            `${join(outdir, 'main.js')} (${formatBytes(bytes)})`,
            ...native.map((name) => `${name} is a native module: ship node_modules too`),
          ].join('\n'),
      })),
    )
  }
