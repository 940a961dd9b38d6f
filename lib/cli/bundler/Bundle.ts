/** Bundles an agent's source into one program, again and again where it is watched. The only file that runs esbuild. */
import { resolve } from 'node:path'
import type * as esbuild from 'esbuild'
import type { BuildContext, BuildFailure, Message, OutputFile, Plugin } from 'esbuild'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type BuildError, buildFailed, type Diagnostic, noBundler, sourceErrors } from './BuildError'
import { type BundleOptions, type Format, toOptions, toShim, shimPath, type Source } from './BundlePlan'
import { nativeAmong } from './Native'

/** A file of a bundle; the program is `main.js`. */
export interface BundleFile {
  readonly name: string
  readonly contents: Uint8Array
}

/** A program made of an agent's source. */
export interface Bundle {
  readonly format: Format
  readonly files: ReadonlyArray<BundleFile>
  /** The source files that went into it, packages left out: what to watch. */
  readonly inputs: ReadonlyArray<string>
  /** Packages that load machine code, and so are outside of the program. */
  readonly native: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<Diagnostic>
}

/** Bundles one source; what was read before is read again only where it has changed. */
export interface Bundler {
  readonly bundle: TE.TaskEither<BuildError, Bundle>
  /** Cancels a build in progress and releases esbuild. */
  readonly dispose: () => Promise<void>
}

type Esbuild = Pick<typeof esbuild, 'context'>

const load: TE.TaskEither<BuildError, Esbuild> = TE.tryCatch(() => import('esbuild'), noBundler)

const shim = (format: Format): Plugin => ({
  name: 'agentcore-shim',
  setup: (build) => {
    build.onResolve({ filter: /^agentcore:shim$/ }, () => ({ path: shimPath, namespace: 'agentcore' }))
    build.onLoad({ filter: /.*/, namespace: 'agentcore' }, () => ({
      contents: toShim(format),
      loader: 'js',
      resolveDir: __dirname,
    }))
  },
})

const diagnostic = ({ location, text, notes }: Message): Diagnostic => ({
  ...(location === null
    ? {}
    : { file: location.file, line: location.line, column: location.column + 1, lineText: location.lineText }),
  text: [text, ...notes.map((note) => note.text)].join(' '),
})

const isBuildFailure = (cause: unknown): cause is BuildFailure =>
  cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors)

const failure = (cause: unknown): BuildError =>
  isBuildFailure(cause) ? sourceErrors(cause.errors.map(diagnostic)) : buildFailed('bundling')(cause)

/** Whether all that is wrong is that CommonJS cannot await at the top level. */
const needsEsm = (cause: unknown): boolean =>
  isBuildFailure(cause) &&
  cause.errors.length > 0 &&
  cause.errors.every(({ text }) => text.startsWith('Top-level await is currently not supported with the "cjs"'))

/** What a bundler has learnt of its source: the module system that it needs, the packages that stay outside. */
interface BundleMode {
  readonly format: Format
  readonly native: ReadonlyArray<string>
}

interface ActiveContext extends BundleMode {
  readonly context: BuildContext<BundleOptions>
}

const toFile = ({ path, contents }: OutputFile): BundleFile => ({ name: path.replace(/^.*[\\/]/, ''), contents })

/** The `package.json` beside the program: it says which module system `main.js` is written in. */
const toManifest = (format: Format): BundleFile => ({
  name: 'package.json',
  contents: new TextEncoder().encode(`{ "type": "${format === 'cjs' ? 'commonjs' : 'module'}" }\n`),
})

/** A bundler of this source. Left `NoBundler` where esbuild, an optional dependency, is not installed. */
export const createBundler = (source: Source): TE.TaskEither<BuildError, Bundler> =>
  pipe(
    load,
    TE.map(({ context: contextOf }) => {
      let held: ActiveContext | undefined
      let underWay: Promise<unknown> = Promise.resolve()

      const hold = async (learnt: BundleMode): Promise<ActiveContext> => {
        if (held?.format === learnt.format && held.native === learnt.native) return held
        await held?.context.dispose()
        held = undefined
        const options = { ...toOptions(source, learnt.format, learnt.native), plugins: [shim(learnt.format)] }
        held = { ...learnt, context: await contextOf(options) }
        return held
      }

      const attempt = async (learnt: BundleMode): Promise<Bundle> => {
        const { context } = await hold(learnt)
        try {
          const { outputFiles, metafile, warnings } = await context.rebuild()
          const paths = Object.keys(metafile.inputs).filter((path) => !/^[\w-]+:/.test(path))
          const native = await nativeAmong(paths.map((path) => resolve(source.project, path)))
          if (native.length > 0) return await attempt({ ...learnt, native: [...learnt.native, ...native].sort() })
          return {
            format: learnt.format,
            files: [...outputFiles.map(toFile), toManifest(learnt.format)],
            inputs: paths.filter((path) => !path.includes('node_modules')).map((path) => resolve(source.project, path)),
            native: learnt.native,
            warnings: warnings.map(diagnostic),
          }
        } catch (cause) {
          if (learnt.format === 'cjs' && needsEsm(cause)) return attempt({ ...learnt, format: 'esm' })
          throw cause
        }
      }

      const bundle = (): Promise<Bundle> => {
        const work = attempt(held ?? { format: 'cjs', native: [] })
        underWay = work.catch(() => undefined) // whoever asked for it is told
        return work
      }

      return {
        bundle: TE.tryCatch(bundle, failure),
        dispose: async () => {
          await held?.context.cancel()
          await underWay // it may have been about to hold something
          await held?.context.dispose()
          held = undefined
        },
      }
    }),
  )
