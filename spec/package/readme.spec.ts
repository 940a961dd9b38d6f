import * as ts from 'typescript'
import { compile, shown } from './compile'
import { type Fence, fences, read } from './support'

const isTypeScript = ({ info }: Fence): boolean => /^(ts|typescript)\b/.test(info)

const isJavaScript = ({ info }: Fence): boolean => /^(js|javascript|mjs|cjs)\b/.test(info)

/** The place of a line of a fence. */
const inReadmeAt = (fence: Fence, line: number): string => `README.md:${fence.line + line}`

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
const outcome = compile([...checked, right, ...wrong.map(([, fence]) => fence)], inReadmeAt)

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
      return (ts.transpileModule(fence.text, reportDiagnostics).diagnostics ?? []).map((found) =>
        shown(inReadmeAt, fence, found),
      )
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
