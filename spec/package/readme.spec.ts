import { join } from 'node:path'
import * as ts from 'typescript'
import { type Fence, fences, read, root } from './support'

const isTypeScript = ({ info }: Fence): boolean => /^(ts|typescript)\b/.test(info)

const isJavaScript = ({ info }: Fence): boolean => /^(js|javascript|mjs|cjs)\b/.test(info)

const pathOf = (fence: Fence): string => join(root, 'readme', `line-${fence.line}.ts`)

const optionsOf = (): ts.CompilerOptions => {
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

/** What the compiler says of fences, each a module of its own next to the library; all of them one program. */
const compile = (snippets: ReadonlyArray<Fence>): ReadonlyMap<Fence, ReadonlyArray<string>> => {
  const options = optionsOf()
  const host = ts.createCompilerHost(options)
  const texts = new Map(snippets.map((fence) => [pathOf(fence), fence.text]))
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
      const source = program.getSourceFile(pathOf(fence))
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [fence, found.map((diagnostic) => shown(fence, diagnostic))]
    }),
  )
}

/** A diagnostic as `README.md:line message`. */
const shown = (fence: Fence, { file, start, messageText, code }: ts.Diagnostic): string => {
  const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
  return `README.md:${fence.line + line} TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}

const snippet = (line: number, text: string): Fence => ({ info: 'ts', heading: '', line, text })

const right = snippet(
  100001,
  `import { createApp, entrypoint, Handler } from 'agentcore-fp'
export const app = createApp(entrypoint(Handler.fromSync(() => 'hello')))`,
)

const wrong: ReadonlyArray<readonly [string, Fence, string]> = [
  ['a name that is not exported', snippet(200001, `import { createAp } from 'agentcore-fp'`), 'TS2724'],
  ['a wrong argument', snippet(200002, `import { createApp } from 'agentcore-fp'\ncreateApp(1)`), 'TS2345'],
  ['a name from another fence', snippet(200003, `app.run()`), 'TS2304'],
  ['broken syntax', snippet(200004, `const = 1`), 'TS1134'],
]

const inReadme = fences(read('README.md'))
const checked = inReadme.filter(isTypeScript)
const outcome = compile([...checked, right, ...wrong.map(([, fence]) => fence)])

describe('README', () => {
  it('shows TypeScript', () => {
    expect(checked.length).toBeGreaterThan(0)
  })

  it('compiles in every ts fence', () => {
    expect(checked.flatMap((fence) => outcome.get(fence))).toEqual([])
  })

  it('parses in every js fence', () => {
    const faults = inReadme.filter(isJavaScript).flatMap((fence) => {
      const reportDiagnostics = { fileName: 'fence.js', reportDiagnostics: true, compilerOptions: { allowJs: true } }
      return (ts.transpileModule(fence.text, reportDiagnostics).diagnostics ?? []).map((found) => shown(fence, found))
    })
    expect(faults).toEqual([])
  })

  it('has no fence without a language', () => {
    expect(inReadme.filter(({ info }) => info === '').map(({ line }) => `README.md:${line}`)).toEqual([])
  })
})

describe('the compiler of fences', () => {
  it('accepts a right one', () => {
    expect(outcome.get(right)).toEqual([])
  })

  it.each(wrong)('rejects %s', (_, fence, code) => {
    expect(outcome.get(fence)?.[0]).toMatch(new RegExp(`^README.md:\\d+ ${code} `))
  })
})
