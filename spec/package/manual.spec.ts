import * as ts from 'typescript'
import { compile, shown } from './compile'
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type Fence, fences, filesBelow, manual, pages, placeInManual, read, root } from './support'

/** Code that needs a framework, `ts with NAME`, is compiled where that is installed: in spec/frameworks. */
const needsFramework = ({ info }: Fence): boolean => info.startsWith('ts with ')

const isTypeScript = (fence: Fence): boolean => /^(ts|typescript)\b/.test(fence.info) && !needsFramework(fence)

const isJavaScript = ({ info }: Fence): boolean => /^(js|javascript|mjs|cjs)\b/.test(info)

/** The place of a line of a fence. */
const inManualAt = (fence: Fence, line: number): string => placeInManual(fence.line + line)

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

const inManual = fences(manual)
const checked = inManual.filter(isTypeScript)
const outcome = compile([...checked, right, ...wrong.map(([, fence]) => fence)], inManualAt)

describe('the manual', () => {
  it('shows TypeScript', () => {
    expect(checked.length).toBeGreaterThan(0)
  })

  it('compiles in every ts fence', () => {
    expect(checked.flatMap((fence) => outcome.get(fence))).toEqual([])
  })

  it('parses in every other fence', () => {
    const others = inManual.filter((fence) => isJavaScript(fence) || needsFramework(fence))
    const faults = others.flatMap((fence) => {
      const fileName = needsFramework(fence) ? 'fence.ts' : 'fence.js'
      const reportDiagnostics = { fileName, reportDiagnostics: true, compilerOptions: { allowJs: true } }
      return (ts.transpileModule(fence.text, reportDiagnostics).diagnostics ?? []).map((found) =>
        shown(inManualAt, fence, found),
      )
    })
    expect(faults).toEqual([])
  })

  it('has no fence without a language', () => {
    expect(inManual.filter(({ info }) => info === '').map(({ line }) => placeInManual(line))).toEqual([])
  })
})

/** The text of a page without its fences. */
const proseOf = (page: string): string => read(page).replace(/^\s*(```+)[^]*?^\s*\1$/gm, '')

/** The anchors that the headings of a page have. */
const anchorsOf = (page: string): ReadonlyArray<string> =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .trim()
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

describe('the links of the manual', () => {
  it.each([...pages, 'SECURITY.md', 'llms.txt'])('of %s lead to a page, and to a heading of it', (page) => {
    const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    const wrong = targets.filter((target) => {
      if (/^[a-z]+:/.test(target)) return false
      const [path = '', anchor] = target.split('#')
      const to = path === '' ? page : posix.join(posix.dirname(page), path)
      return !existsSync(join(root, to)) || (anchor !== undefined && !anchorsOf(to).includes(anchor))
    })
    expect(wrong).toEqual([])
  })

  it('reach every page from the README', () => {
    const linked = [...read('README.md').matchAll(/\]\((docs\/[\w/-]+\.md)/g)].map(([, path]) => path)
    expect(pages.slice(1).filter((page) => !linked.includes(page))).toEqual([])
  })
})

/** The entries of the index for coding assistants: `- [title](page): what it is about`. */
const entries = [...read('llms.txt').matchAll(/^- \[(.+)\]\((.+)\): \S.*$/gm)].map(([, title = '', page = '']) => ({
  title,
  page,
}))

describe('llms.txt', () => {
  it('begins with the name and a summary', () => {
    expect(read('llms.txt')).toMatch(/^# agentcore-fp\n\n> \S/)
  })

  it('lists every page once, by its title', () => {
    const titles = pages.map((page) => ({ title: /^# (.*)$/m.exec(read(page))?.[1], page }))
    expect(entries).toEqual(expect.arrayContaining(titles))
    expect(new Set(entries.map(({ page }) => page)).size).toBe(entries.length)
  })

  it('lists every example', () => {
    // Of a project its agent stands for the rest.
    const examples = filesBelow('examples', '.ts').filter((path) => !/templates.*(?<!\/agent[.]ts)$/.test(path))
    expect(entries.map(({ page }) => page).filter((page) => page.startsWith('examples/'))).toEqual(examples)
  })
})

describe('README', () => {
  it('has at most 300 lines', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(300)
  })
})

describe('the compiler of fences', () => {
  it('accepts a right one', () => {
    expect(outcome.get(right)).toEqual([])
  })

  it.each(wrong)('rejects %s', (_, fence, code) => {
    expect(outcome.get(fence)?.[0]).toMatch(new RegExp(`^line \\d+ TS`.replace('TS', code)))
  })
})
