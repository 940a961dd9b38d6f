/** Bundles an agent's source into one program, again and again where it is watched. The only file that bundles. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type * as esbuild from 'esbuild'
import type { BuildContext, BuildFailure, BuildResult, Message, OutputFile, Plugin } from 'esbuild'
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type BuildError, buildFailed, type Diagnostic, formatDiagnostic, noBundler, sourceErrors } from './BuildError'
import { type BundleOptions, type Format, programFile, toOptions, toShim, shimPath, type Source } from './BundlePlan'
import { externalPackages, neededAtStart, usedOf } from './plugins/ExternalPackages'
import { asksForMain, mainModule } from './plugins/MainModule'
import { nativeAmong } from './plugins/Native'
import { optionalAmong } from './plugins/OptionalPackages'
import { fileReads, missingFiles } from './plugins/ReadFiles'
import { type BundleNote, decorates, noMetadata, notesOn } from './plugins/BundleNotes'
import { emitsDecoratorMetadata } from './TypeProject'

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
  /** Packages that cannot be bundled, and so are loaded from `node_modules`. */
  readonly native: ReadonlyArray<string>
  /** Packages that the project keeps in `node_modules`. */
  readonly external: ReadonlyArray<string>
  /** Optional packages that are not installed: code that needs them fails when it runs. */
  readonly missing: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<Diagnostic>
}

/** What a developer should know of a bundle, line by line: packages left out, and what works otherwise than in the source. */
export const remarks = ({ missing, warnings }: Pick<Bundle, 'missing' | 'warnings'>): ReadonlyArray<string> => [
  ...(missing.length === 0
    ? []
    : [`Not installed, so not bundled: ${missing.join(', ')}. Code that needs them fails when it runs`]),
  ...warnings.map(formatDiagnostic),
]

/** Bundles one source; what was read before is read again only where it has changed. */
export interface Bundler {
  readonly bundle: TE.TaskEither<BuildError, Bundle>
  /** Cancels a build in progress and releases esbuild. */
  readonly dispose: () => Promise<void>
}

type Esbuild = Pick<typeof esbuild, 'build' | 'context' | 'transform'>

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

/** Whether all that is wrong is that CommonJS cannot await at the top level. */
const needsEsm = (errors: ReadonlyArray<Message>): boolean =>
  errors.length > 0 &&
  errors.every(({ text }) => text.startsWith('Top-level await is currently not supported with the "cjs"'))

/** What a bundler has learnt of its source: the module system that it needs, and what stays outside. */
interface BundleMode {
  readonly format: Format
  readonly native: ReadonlyArray<string>
  /** Optional packages that are not installed. */
  readonly missing: ReadonlyArray<string>
  /** Such packages without which the program would not start: they are errors. */
  readonly needed: ReadonlyArray<string>
  /** Modules beside the entry point that ask whether they are the main one. */
  readonly mains: ReadonlyArray<string>
}

const nothingLearnt: BundleMode = { format: 'cjs', native: [], missing: [], needed: [], mains: [] }

interface ActiveContext {
  readonly mode: BundleMode
  readonly context: BuildContext<BundleOptions>
}

const toFile = ({ path, contents }: OutputFile): BundleFile => ({ name: path.replace(/^.*[\\/]/, ''), contents })

/** The `package.json` beside the program: it says which module system `main.js` is written in. */
const manifest: Readonly<Record<Format, string>> = {
  cjs: '{ "type": "commonjs" }\n',
  esm: '{ "type": "module" }\n',
}

/** The texts that a `package.json` of a bundle may have. */
export const manifests: ReadonlyArray<string> = Object.values(manifest)

const toManifest = (format: Format): BundleFile => ({
  name: 'package.json',
  contents: new TextEncoder().encode(manifest[format]),
})

/** The program around an entry point asks for more than is exported, which is nothing to warn of. */
const isOwn = (path: string): boolean => !/(?:^|[\\/])node_modules[\\/]/.test(path) && path !== programFile

/** The files of the project in a bundle, without its packages. */
const ownInputs = (source: Source, { metafile }: BuildResult<BundleOptions>): ReadonlyArray<string> =>
  Object.keys(metafile.inputs)
    .filter((path) => !/^[\w-]+:/.test(path) && isOwn(path))
    .map((path) => resolve(source.project, path))

const programIn = ({ outputFiles }: BuildResult<BundleOptions>): string =>
  outputFiles.find(({ path }) => path.endsWith('main.js'))?.text ?? ''

const toBundle = (
  source: Source,
  { format, native, missing }: BundleMode,
  result: BuildResult<BundleOptions>,
  notes: ReadonlyArray<BundleNote>,
): Bundle => {
  const { outputFiles, metafile, warnings } = result
  const own = warnings.filter(({ location }) => location === null || isOwn(location.file))
  return {
    format,
    files: [...outputFiles.map(toFile), toManifest(format)],
    inputs: ownInputs(source, result),
    native: usedOf(metafile, native),
    external: usedOf(metafile, source.external),
    missing: usedOf(metafile, missing),
    warnings: [...own.map(diagnostic), ...notesOn(programIn(result)), ...notes],
  }
}

/** A bundler of this source. Left `NoBundler` where esbuild, an optional dependency, is not installed. */
export const createBundler = (source: Source): TE.TaskEither<BuildError, Bundler> =>
  pipe(
    load,
    TE.map((esbuild) => bundlerOf(source, esbuild)),
  )

const bundlerOf = (source: Source, esbuild: Esbuild): Bundler => {
  let held: ActiveContext | undefined
  let underWay: Promise<unknown> = Promise.resolve()
  let metadata: Promise<boolean> | undefined

  const hold = async (mode: BundleMode): Promise<ActiveContext> => {
    if (held?.mode === mode) return held
    await held?.context.dispose()
    held = undefined
    held = { mode, context: await esbuild.context(optionsFor(source, esbuild, mode)) }
    return held
  }

  /** Notes that depend on the compiler settings. Reading these is slow, so it happens once, and only for decorators. */
  const settingsNotes = async (program: string): Promise<ReadonlyArray<BundleNote>> => {
    if (!decorates(program)) return []
    metadata ??= emitsDecoratorMetadata(source.file)
    return (await metadata) ? [noMetadata] : []
  }

  const attempt = async (mode: BundleMode): Promise<E.Either<BuildError, Bundle>> => {
    const { context } = await hold(mode)
    const result = await context.rebuild().catch((cause: unknown) => {
      if (isBuildFailure(cause)) return cause
      throw cause
    })
    if (!(result instanceof Error)) {
      const lesson = await lessonOf(source, mode, result)
      return lesson === undefined
        ? E.right(toBundle(source, mode, result, await settingsNotes(programIn(result))))
        : attempt(lesson)
    }
    const lesson = await lessonOfErrors(source, mode, result.errors)
    return lesson === undefined ? E.left(await toError(source, esbuild, mode, result)) : attempt(lesson)
  }

  const bundle = (): Promise<E.Either<BuildError, Bundle>> => {
    const work = attempt(held?.mode ?? nothingLearnt)
    underWay = work.catch(() => undefined) // its caller handles the failure
    return work
  }

  return {
    bundle: pipe(TE.tryCatch(bundle, buildFailed('bundling')), TE.chainEitherK(identity)),
    dispose: async () => {
      await held?.context.cancel()
      await underWay // it may have been about to hold something
      await held?.context.dispose()
      held = undefined
    },
  }
}

const optionsFor = (source: Source, { transform }: Pick<Esbuild, 'transform'>, mode: BundleMode): BundleOptions => ({
  ...toOptions(source, mode.format),
  plugins: [
    shim(mode.format),
    externalPackages({ kept: [...mode.native, ...source.external], missing: mode.missing }, source.project),
    mainModule(transform, source.file, mode.mains),
  ],
})

/** What a successful build teaches of the next; undefined if it is as good as it gets. */
const lessonOf = async (
  source: Source,
  mode: BundleMode,
  result: BuildResult<BundleOptions>,
): Promise<BundleMode | undefined> => {
  const { metafile, outputFiles } = result
  const paths = Object.keys(metafile.inputs).filter((path) => !/^[\w-]+:/.test(path))
  const native = await nativeAmong(paths.map((path) => resolve(source.project, path)))
  if (native.length > 0) return { ...mode, native: [...mode.native, ...native].sort() }
  const needed = neededAtStart(metafile, mode.missing)
  if (needed.length > 0) {
    const missing = mode.missing.filter((name) => !needed.includes(name))
    return { ...mode, missing, needed: [...mode.needed, ...needed] }
  }
  if (!outputFiles.some(({ path, text }) => path.endsWith('.js') && asksForMain(text))) return undefined
  const others = ownInputs(source, result).filter((path) => path !== source.file && !mode.mains.includes(path))
  const texts = await Promise.all(others.map((path) => readFile(path, 'utf8')))
  const mains = others.filter((_, at) => asksForMain(texts[at] ?? ''))
  return mains.length > 0 ? { ...mode, mains: [...mode.mains, ...mains] } : undefined
}

/** What the errors of a build teach; undefined if the developer has to fix them. */
const lessonOfErrors = async (
  source: Source,
  mode: BundleMode,
  errors: ReadonlyArray<Message>,
): Promise<BundleMode | undefined> => {
  if (mode.format === 'cjs' && needsEsm(errors)) return { ...mode, format: 'esm' }
  const known = new Set([...mode.missing, ...mode.needed])
  const optional = await optionalAmong(errors, source.project)
  const missing = optional.filter((name) => !known.has(name))
  return missing.length > 0 ? { ...mode, missing: [...mode.missing, ...missing] } : undefined
}

/** Lists the files that a failed build has read or looked for: a change of one of them may fix it. */
const toError = async (
  source: Source,
  esbuild: Esbuild,
  mode: BundleMode,
  { errors }: BuildFailure,
): Promise<BuildError> => {
  const reads = fileReads()
  const options = optionsFor(source, esbuild, mode)
  await esbuild.build({ ...options, plugins: [reads.plugin, ...(options.plugins ?? [])] }).catch(() => undefined)
  const inputs = [...reads.paths, ...missingFiles(errors, source.project)]
  return sourceErrors(errors.map(diagnostic), inputs.filter(isOwn))
}
