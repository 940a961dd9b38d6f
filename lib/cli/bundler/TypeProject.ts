/** The project of TypeScript that a file belongs to, as its compiler tells: which settings hold for it, and which files. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { runCommand } from '../../node/process/ChildCommand'

/** A compiler of the project itself. */
export interface Compiler {
  readonly bin: string
  readonly version: string
}

/** The compiler that a file's own project has installed, if any. */
export const findCompiler = (file: string): Compiler | undefined => {
  const near = createRequire(file)
  try {
    const path = near.resolve('typescript/package.json')
    const { version } = near(path) as { readonly version: string } // every package says its version
    return { bin: join(dirname(path), 'bin', 'tsc'), version }
  } catch {
    return undefined // the project has none: the note says so
  }
}

/** The nearest `tsconfig.json` from a folder upwards, as the compiler and the bundler look for it. */
export const findConfig = (folder: string): string | undefined => {
  const path = join(folder, 'tsconfig.json')
  if (existsSync(path)) return path
  return dirname(folder) === folder ? undefined : findConfig(dirname(folder))
}

/** What a configuration means once everything that it extends is taken in. */
interface ShownConfig {
  readonly options: object
  readonly files: ReadonlyArray<string>
  /** Paths of the configurations that it refers to. */
  readonly references: ReadonlyArray<string>
}

/** How many configurations are looked through for one that has the file. */
const maxReferences = 50

/** The configuration, among those that one refers to, that has the file itself. */
export const referenceWith = async (compiler: Compiler, config: string, file: string): Promise<string | undefined> => {
  const paths = [config]
  for (const path of paths) {
    const shown = await showConfig(compiler, path)
    if (path !== config && shown?.files.includes(file) === true) return path
    paths.push(...(shown?.references ?? []).filter((other) => !paths.includes(other)).slice(0, maxReferences))
  }
  return undefined
}

/** Whether the settings of a file ask for what a bundler does not write: the types of decorated members. */
export const emitsDecoratorMetadata = async (file: string): Promise<boolean> => {
  const [compiler, config] = [findCompiler(file), findConfig(dirname(file))]
  if (compiler === undefined || config === undefined) return false
  const shown = await showConfig(compiler, config)
  return shown !== undefined && Reflect.get(shown.options, 'emitDecoratorMetadata') === true
}

const showConfig = async ({ bin }: Compiler, config: string): Promise<ShownConfig | undefined> => {
  const args = [bin, '-p', config, '--showConfig']
  const result = await runCommand({ file: process.execPath, args, cwd: dirname(config) })()
  return pipe(
    O.fromEither(result),
    O.chain(({ out }) => O.tryCatch((): unknown => JSON.parse(out.join('\n')))),
    O.map(toShown(dirname(config))),
    O.toUndefined,
  )
}

const toShown =
  (folder: string) =>
  (value: unknown): ShownConfig => {
    const field = (name: string): unknown =>
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
    const options = field('compilerOptions')
    return {
      options: typeof options === 'object' && options !== null ? options : {},
      files: listIn(field('files')).flatMap((path) => (typeof path === 'string' ? [resolve(folder, path)] : [])),
      references: listIn(field('references')).flatMap((reference) => {
        const path: unknown = typeof reference === 'object' && reference !== null ? Reflect.get(reference, 'path') : ''
        if (typeof path !== 'string' || path === '') return []
        return [path.endsWith('.json') ? resolve(folder, path) : resolve(folder, path, 'tsconfig.json')]
      }),
    }
  }

const listIn = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
