/**
 * Makes `dist/runtime`: what Node loads of each entry point, in a few files in place of about 140. Each module that Node
 * loads costs memory and time, and comments stay in memory: an agent starts 5 MB smaller and about a sixth sooner.
 *
 * The entry points share their parts, so that a program which requires several has each part once. Bundlers and the
 * command line use the modules of `dist/lib`, of which bundlers can leave out what a program does not use.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { entries } from './entries.mjs'

/** Loaded by a `require` of its own, by apps that have sessions in files. */
const locks = 'lib/node/file/FileLocks'

/** The folder of the outputs in `dist`. */
export const folder = 'runtime'

const node = { platform: 'node', target: 'node20', logLevel: 'warning' }

/** Makes the runtime of a project that has all entry points. */
export const makeRuntime = async (root) => {
  const sources = [...entries, locks].map((entry) => `${entry}.ts`)
  if (!sources.every((source) => existsSync(join(root, source)))) return
  const outdir = join(root, 'dist', folder)
  rmSync(outdir, { recursive: true, force: true })
  const split = await build({
    ...node,
    absWorkingDir: root,
    entryPoints: sources,
    outbase: 'lib',
    outdir,
    bundle: true,
    splitting: true, // which esbuild does for ES modules only
    format: 'esm',
    packages: 'external',
    legalComments: 'none',
    plugins: [lateLocks],
    write: false,
  })
  for (const { path, text } of split.outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, toCommonJs(text))
  }
}

/** Keeps the locks a file of their own. */
const lateLocks = {
  name: 'late locks',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/FileLocks$/ }, ({ kind }) =>
      kind === 'require-call' ? { path: `./${locks.replace(/^lib\//, '')}.js`, external: true } : undefined,
    ),
}

/**
 * As TypeScript emits it, with plain properties: the CommonJS of esbuild exports through getters, which run at every use
 * of another file's export and cost an agent 9 % of its throughput.
 */
const toCommonJs = (text) => ts.transpileModule(text, { compilerOptions: commonJs }).outputText

const commonJs = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  newLine: ts.NewLineKind.LineFeed,
}
