/** Compiles fences of TypeScript, each a module of its own among the examples; all of them one program. */
import { join } from 'node:path'
import * as ts from 'typescript'
import { type Fence, root } from './support'

/** A fence of `ts agent.ts` can be imported by others as `./agent`. */
const toPath = ({ info, line }: Fence): string => join(root, 'examples', info.split(' ')[1] ?? `line-${line}.ts`)

const toOptions = (): ts.CompilerOptions => {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson(
    (config.config as { readonly compilerOptions: unknown }).compilerOptions,
    root,
  )
  return {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    moduleDetection: ts.ModuleDetectionKind.Force,
  }
}

/** What the compiler says of fences, whose lines must differ. `describe` names the place of a line of one. */
export const compile = (
  snippets: ReadonlyArray<Fence>,
  describe: (fence: Fence, line: number) => string,
): ReadonlyMap<Fence, ReadonlyArray<string>> => {
  const options = toOptions()
  const host = ts.createCompilerHost(options)
  const texts = new Map(snippets.map((fence) => [toPath(fence), fence.text]))
  const program = ts.createProgram([...texts.keys()], options, {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const text = texts.get(path)
      if (text === undefined) return host.getSourceFile(path, languageVersion, ...rest)
      return ts.createSourceFile(path, text, languageVersion, true)
    },
  })
  return new Map(
    snippets.map((fence) => {
      const source = program.getSourceFile(toPath(fence))
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [fence, found.map((diagnostic) => shown(describe, fence, diagnostic))]
    }),
  )
}

/** A diagnostic as `place TS1234 message`. */
export const shown = (
  describe: (fence: Fence, line: number) => string,
  fence: Fence,
  { file, start, messageText, code }: ts.Diagnostic,
): string => {
  const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
  return `${describe(fence, line)} TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
