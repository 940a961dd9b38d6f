/** Type-checks an agent with the TypeScript of its own project: the compiler, its settings and its messages are the user's. */
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { closeOff, privateFolder, refuseLink, writePrivate } from '../../node/file/PrivateFile'
import { runCommand } from '../../node/process/ChildCommand'
import { type BuildError, buildFailed, type Diagnostic, typeErrors } from './BuildError'
import { type Compiler, findCompiler, findConfig, referenceWith } from './TypeProject'

/** What came of it: checked, or why there was nothing to check with. */
export type TypeCheckResult =
  | { readonly _tag: 'Checked'; readonly version: string }
  | { readonly _tag: 'NotTypeScript' }
  | { readonly _tag: 'NoCompiler' }

/** The place in `tsc`'s own line: `agent.ts(3,5): error TS2322: …`. */
const line = /^(.+?)\((\d+),(\d+)\): (error .*)$/

/** What the compiler says, with the lines that belong to a message kept in it. */
export const diagnosticsIn = (lines: ReadonlyArray<string>): ReadonlyArray<Diagnostic> =>
  lines.reduce<ReadonlyArray<Diagnostic>>((found, text) => {
    const last = found.at(-1)
    const [, file, row, column, said] = line.exec(text) ?? []
    if (file !== undefined && said !== undefined) {
      return [...found, { file, line: Number(row), column: Number(column), text: said }]
    }
    if (/^\s+\S/.test(text) && last !== undefined) {
      return [...found.slice(0, -1), { ...last, text: `${last.text}\n${text}` }]
    }
    return text.startsWith('error ') ? [...found, { text }] : found
  }, [])

const knowsNode = (file: string): boolean => {
  try {
    return createRequire(file).resolve('@types/node/package.json') !== ''
  } catch {
    return false // a project may do without
  }
}

/** Without a `tsconfig.json` the file alone is checked, as strictly as it goes. */
const strictly = (project: string, file: string): ReadonlyArray<string> => [
  ...['--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck'],
  ...(knowsNode(file) ? ['--types', 'node'] : []),
  relative(project, file),
]

/** Where to work, and where to keep what the compiler has learnt for the next time. */
export interface TypeCheckOptions {
  /** The folder of the command: messages name files from here. */
  readonly project: string
  readonly file: string
  readonly cache: string
  readonly signal?: AbortSignal
}

/** Type-checks. Left `TypeErrors` with what the compiler says; a project without a compiler is no failure. */
export const typeCheck = (what: TypeCheckOptions): TE.TaskEither<BuildError, TypeCheckResult> => {
  const { project, file, cache } = what
  if (!/\.[cm]?tsx?$/.test(file)) return TE.right({ _tag: 'NotTypeScript' })
  const compiler = findCompiler(file)
  if (compiler === undefined) return TE.right({ _tag: 'NoCompiler' })
  const config = findConfig(dirname(file))
  const compile = compileWith(what, compiler)
  return pipe(
    TE.fromIOEither(
      E.tryCatchK(() => {
        privateFolder(cache)
        refuseLink(toMemory(cache)) // the compiler would write where it leads
      }, buildFailed('type-checking')),
    ),
    TE.chain(() =>
      config === undefined
        ? compile(strictly(project, file))
        : pipe(
            compile(['-p', config, '--listFiles']),
            TE.chain((listed) =>
              has(listed, file)
                ? TE.right(listed)
                : pipe(
                    writeConfig(compiler, config, what, listed),
                    TE.chain((path) => compile(['-p', path])),
                  ),
            ),
          ),
    ),
    TE.chainFirstEitherK(() => E.tryCatch(() => closeOff(toMemory(cache)), buildFailed('type-checking'))),
    TE.map((): TypeCheckResult => ({ _tag: 'Checked', version: compiler.version })),
  )
}

/** Where the compiler keeps what it has learnt for the next time. */
const toMemory = (cache: string): string => join(cache, 'types.tsbuildinfo')

/** Runs the compiler; right with what it prints where nothing is wrong. */
const compileWith =
  ({ project, cache, signal }: TypeCheckOptions, { bin }: Compiler) =>
  (more: ReadonlyArray<string>): TE.TaskEither<BuildError, ReadonlyArray<string>> => {
    const memory = ['--incremental', '--tsBuildInfoFile', toMemory(cache)]
    const args = [bin, '--noEmit', '--pretty', 'false', ...memory, ...more]
    return pipe(
      runCommand({ file: process.execPath, args, cwd: project, ...(signal === undefined ? {} : { signal }) }),
      TE.mapLeft(({ cause }) => buildFailed('type-checking')(cause)),
      TE.chain(({ code, out, err }) => {
        if (code === 0) return TE.right(out)
        const found = diagnosticsIn(out)
        return found.length > 0
          ? TE.left(typeErrors(found))
          : TE.left(buildFailed('type-checking')(new Error(['the compiler exited early', ...out, ...err].join('\n'))))
      }),
    )
  }

const has = (listed: ReadonlyArray<string>, file: string): boolean => {
  const forms = [file, realpathSync(file)].map((path) => path.replaceAll('\\', '/'))
  return listed.some((line) => forms.includes(line))
}

/**
 * A configuration that has the entry point, where the project's own does not: the one among its references that does, or
 * else its settings with this file, and with the declarations that it lists.
 */
const writeConfig = (
  compiler: Compiler,
  config: string,
  { file, cache }: TypeCheckOptions,
  listed: ReadonlyArray<string>,
): TE.TaskEither<BuildError, string> =>
  TE.tryCatch(async () => {
    const found = await referenceWith(compiler, config, file)
    const declarations = listed.filter((path) => /\.d\.[cm]?ts$/.test(path) && !path.includes('/node_modules/'))
    const path = join(cache, 'tsconfig.json')
    const files = found === undefined ? { files: [file, ...declarations], include: [] } : {}
    const written = { extends: found ?? config, compilerOptions: { composite: false }, ...files }
    await writePrivate(path, `${JSON.stringify(written, undefined, 2)}\n`)
    return path
  }, buildFailed('type-checking'))
