/**
 * Whether a module is the one that was started, which a bundle has only one of: `import.meta.main` and `require.main ===
 * module` are true in the entry point and nowhere else, as in the source. A plugin of esbuild, which can define a name for
 * a whole bundle but not for one module.
 */
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Loader, Plugin, transform } from 'esbuild'
import { withoutMark } from '../../../node/Utf8Text'

type Transform = typeof transform

/** A test of a module, and what it stands for in the entry point and elsewhere. */
interface Test {
  /** What esbuild is told to define, to tell code from text. */
  readonly name: string
  readonly pattern: RegExp
  readonly inEntry: string
  readonly elsewhere: string
}

const tests: ReadonlyArray<Test> = [
  { name: 'import.meta.main', pattern: /\bimport\.meta\.main\b/g, inEntry: 'true', elsewhere: 'false' },
  {
    name: 'require.main',
    pattern: /\brequire\.main(?=\s*[!=]==?\s*module\b)|(?<=\bmodule\s*[!=]==?\s*)require\.main\b/g,
    inEntry: 'module',
    elsewhere: 'undefined',
  },
]

/** The plugin. `others` are further modules of the project that ask whether they are the main one. */
export const mainModule = (run: Transform, entry: string, others: ReadonlyArray<string>): Plugin => ({
  name: 'agentcore-main',
  setup: (build) => {
    build.onLoad({ filter: filterOf([entry, ...others]), namespace: 'file' }, async ({ path }) => {
      const source = withoutMark(await readFile(path, 'utf8'))
      if (!asksForMain(source)) return undefined
      const contents = await replaced(run, path, source, path === entry)
      return contents === source ? undefined : { contents, loader: loaderOf(path) }
    })
  },
})

/** Whether a source may ask whether it is the main module. */
export const asksForMain = (source: string): boolean => tests.some(({ pattern }) => source.search(pattern) >= 0)

const filterOf = (paths: ReadonlyArray<string>): RegExp =>
  new RegExp(`^(?:${paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`)

/** How esbuild reads a file. */
export const loaderOf = (path: string): Loader => {
  const ending = extname(path)
  return ending === '.tsx' ? 'tsx' : /^[.][cm]?ts$/.test(ending) ? 'ts' : 'jsx'
}

/** The source with every test replaced by its outcome, as wide as before, so that every line and column stays. */
const replaced = async (run: Transform, path: string, source: string, isEntry: boolean): Promise<string> => {
  let text = source
  for (const { name, pattern, inEntry, elsewhere } of tests) {
    const count = async (code: string): Promise<number> => {
      const mark = '__agentcore_main__'
      const options = { loader: loaderOf(path), define: { [name]: mark }, logLevel: 'silent' } as const
      return (await run(code, options)).code.split(mark).length
    }
    try {
      for (const { index, 0: found } of text.matchAll(pattern)) {
        const outcome = (isEntry ? inEntry : elsewhere).padEnd(found.length)
        const changed = text.slice(0, index) + outcome + text.slice(index + found.length)
        if ((await count(changed)) < (await count(text))) text = changed // else it stands in a string or a comment
      }
    } catch {
      return source // the bundler, which meets the same flaw, says where it is
    }
  }
  return text
}
