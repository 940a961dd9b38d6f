/** The esbuild options for an agent, as data. `Bundle` runs them. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { type Entry, programAround } from './EntryCode'

/** The module system of the bundle. CommonJS unless the source awaits at its top level. */
export type Format = 'cjs' | 'esm'

/** Options of esbuild that give the text of the bundle and what went into it. */
export type BundleOptions = BuildOptions & { readonly metafile: true; readonly write: false }

/**
 * How the source map names the sources: `Absolute` for a program that stays on this machine, wherever it is copied to;
 * relative to the folder that the program is written to for one that may leave it.
 */
export type MapPaths = { readonly _tag: 'Absolute' } | { readonly _tag: 'RelativeTo'; readonly folder: string }

/** What is bundled, and where to. Paths are absolute. */
export interface Source {
  /** The folder of the command: messages name files from here. */
  readonly project: string
  /** The entry point's file. */
  readonly file: string
  readonly entry: Entry
  /** Whether `agentcore-fp` is installed where the entry point would find it. */
  readonly hasRuntime: boolean
  readonly mapPaths: MapPaths
  /** Packages that the project keeps in `node_modules`. */
  readonly external: ReadonlyArray<string>
}

/** Names that stand in a bundle for what only one of the module systems has. */
const names = { url: '__agentcore_url', dir: '__agentcore_dirname', file: '__agentcore_filename' } as const

/** The name of the program around an entry point that does not serve itself. */
export const programFile = 'agentcore-program.js'

/** Where the bundler asks for the shim. */
export const shimPath = 'agentcore:shim'

/** The module that gives those names their meaning, by format; the bundler renames nothing of the agent's for it. */
export const toShim = (format: Format): string =>
  format === 'cjs'
    ? `import { pathToFileURL } from 'node:url'
export const ${names.url} = pathToFileURL(__filename).href`
    : `import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
export const ${names.file} = fileURLToPath(import.meta.url)
export const ${names.dir} = dirname(${names.file})`

const meanings = (format: Format): Record<string, string> => ({
  'import.meta.main': 'false', // but in the entry point, where `mainModule` has replaced it
  ...(format === 'cjs'
    ? { 'import.meta.url': names.url, 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' }
    : { __filename: names.file, __dirname: names.dir }),
})

/** ESM has no `require`; what CommonJS packages in the bundle require is made by this. */
const createRequire = `import { createRequire as __agentcore_createRequire } from 'node:module'
const require = __agentcore_createRequire(import.meta.url)`

/** The folder of a file, for a path of this machine or of any other. */
const toFolder = (file: string): string => file.replace(/[\\/][^\\/]*$/, '')

const toName = (file: string): string => file.slice(toFolder(file).length + 1)

const entryOptions = ({ file, entry, hasRuntime }: Source): BuildOptions => {
  switch (entry._tag) {
    case 'Program':
      return { entryPoints: { main: file } }
    case 'Module': {
      const contents = programAround(`./${toName(file)}`, hasRuntime)
      return { stdin: { contents, resolveDir: toFolder(file), sourcefile: programFile, loader: 'js' } }
    }
  }
}

/** esbuild names the sources of a map relative to the output folder. Nothing is written there: the result stays in memory. */
const mapOptions = ({ project, mapPaths }: Source): BuildOptions => {
  switch (mapPaths._tag) {
    case 'Absolute':
      return { outdir: 'out', sourceRoot: pathToFileURL(join(project, 'out/')).href }
    case 'RelativeTo':
      return { outdir: mapPaths.folder }
  }
}

/** The options of esbuild, without the plugins. */
export const toOptions = (source: Source, format: Format): BundleOptions => ({
  ...entryOptions(source),
  absWorkingDir: source.project,
  ...mapOptions(source),
  entryNames: 'main',
  assetNames: '[name]-[hash]',
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node20',
  format,
  ...(format === 'esm' ? { banner: { js: createRequire } } : {}),
  inject: [shimPath],
  define: meanings(format),
  loader: { '.node': 'copy' },
  sourcemap: true,
  sourcesContent: false,
  // A class that another module has too would be renamed, and errors are told apart by their names.
  keepNames: true,
  legalComments: 'none',
  logLevel: 'silent',
  logLimit: 0, // which packages are missing is read in all errors
  treeShaking: true,
})
