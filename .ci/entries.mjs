/**
 * Makes the ES modules of the entry points, `dist/lib/index.mjs` and its like, for bundlers alone: they leave out of a
 * CommonJS module nothing that it requires, and of these what the program does not import. Behind them are the same
 * modules as behind the CommonJS ones, so that a program which requires and imports the package has it once.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'

/** The entry points for Node. */
export const entries = ['', 'auth/', 'client/', 'fp/', 'plain/', 'strands/', 'testing/'].map(
  (folder) => `lib/${folder}index`,
)

/** The paths of the outputs in `dist`. */
export const outputs = entries.map((entry) => join(`${entry}.mjs`))

/** Makes those whose sources are below this folder. */
export const makeEntries = async (root) => {
  for (const entry of entries) {
    const source = join(root, `${entry}.ts`)
    if (!existsSync(source)) continue
    const { code } = await transform(readFileSync(source, 'utf8'), { loader: 'ts', tsconfigRaw: verbatim })
    writeFileSync(join(root, `dist/${entry}.mjs`), code.replaceAll(/(?<= from )"([^"]+)"/g, toFile))
  }
}

const verbatim = { compilerOptions: { verbatimModuleSyntax: true } }

/** ES modules name files, of this package and of fp-ts; other packages say themselves which file is meant. */
const toFile = (_, specifier) => {
  if (specifier.startsWith('.')) return JSON.stringify(`${specifier}.js`)
  const path = specifier.replace(/^fp-ts\//, 'fp-ts/lib/')
  return JSON.stringify(path === specifier ? path : `${path}.js`)
}
