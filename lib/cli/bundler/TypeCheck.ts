/** Type-checks an agent with the TypeScript of its own project: the compiler, its settings and its messages are the user's. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { closeOff, privateFolder, refuseLink } from '../../node/file/PrivateFile'
import { runCommand } from '../../node/process/ChildCommand'
import { type BuildError, buildFailed, type Diagnostic, typeErrors } from './BuildError'

/** What came of it: checked, or why there was nothing to check with. */
export type TypeCheckResult =
  | { readonly _tag: 'Checked'; readonly version: string }
  | { readonly _tag: 'NotTypeScript' }
  | { readonly _tag: 'NoCompiler' }

interface Compiler {
  readonly bin: string
  readonly version: string
}

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

const findCompiler = (file: string): Compiler | undefined => {
  const near = createRequire(file)
  try {
    const path = near.resolve('typescript/package.json')
    const { version } = near(path) as { readonly version: string } // every package says its version
    return { bin: join(dirname(path), 'bin', 'tsc'), version }
  } catch {
    return undefined // the project has none: the note says so
  }
}

const knowsNode = (file: string): boolean => {
  try {
    return createRequire(file).resolve('@types/node/package.json') !== ''
  } catch {
    return false // a project may do without
  }
}

/** The nearest `tsconfig.json` from a folder up to the project's own. */
const findConfig = (project: string, folder: string): string | undefined => {
  const path = join(folder, 'tsconfig.json')
  if (existsSync(path)) return path
  return folder === project || dirname(folder) === folder ? undefined : findConfig(project, dirname(folder))
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
export const typeCheck = ({
  project,
  file,
  cache,
  signal,
}: TypeCheckOptions): TE.TaskEither<BuildError, TypeCheckResult> => {
  if (!/\.[cm]?tsx?$/.test(file)) return TE.right({ _tag: 'NotTypeScript' })
  const compiler = findCompiler(file)
  if (compiler === undefined) return TE.right({ _tag: 'NoCompiler' })
  const config = findConfig(project, dirname(file))
  const learnt = join(cache, 'types.tsbuildinfo')
  const args = [
    ...[compiler.bin, '--noEmit', '--pretty', 'false'],
    ...['--incremental', '--tsBuildInfoFile', learnt],
    ...(config === undefined ? strictly(project, file) : ['-p', config]),
  ]
  return pipe(
    TE.fromIOEither(
      E.tryCatchK(() => {
        privateFolder(cache)
        refuseLink(learnt) // the compiler would write where it leads
      }, buildFailed('type-checking')),
    ),
    TE.chain(() =>
      pipe(
        runCommand({ file: process.execPath, args, cwd: project, ...(signal === undefined ? {} : { signal }) }),
        TE.mapLeft(({ cause }) => buildFailed('type-checking')(cause)),
      ),
    ),
    TE.chainFirstEitherK(() => E.tryCatch(() => closeOff(learnt), buildFailed('type-checking'))),
    TE.chain(({ code, out, err }): TE.TaskEither<BuildError, TypeCheckResult> => {
      if (code === 0) return TE.right({ _tag: 'Checked', version: compiler.version })
      const found = diagnosticsIn(out)
      return found.length > 0
        ? TE.left(typeErrors(found))
        : TE.left(buildFailed('type-checking')(new Error(['the compiler exited early', ...out, ...err].join('\n'))))
    }),
  )
}
