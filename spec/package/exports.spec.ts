import { join } from 'node:path'
import * as ts from 'typescript'
import { fences, publicNames, root, subpaths, manual } from './support'

/** The names a subpath is documented to export: `name` for a value, `type Name` for what is a type alone. */
const documented = (markdown: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    fences(markdown)
      .filter(({ info }) => info === 'text public-names')
      .map(({ heading, text }) => [
        /agentcore-fp[\w/-]*/.exec(heading)?.[0] ?? heading,
        text
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
          .sort(),
      ]),
  )

/** The names that a declaration file exports, written the same way. */
const declared = (program: ts.Program, path: string): ReadonlyArray<string> => {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  const symbols = module === undefined ? [] : checker.getExportsOfModule(module)
  return symbols
    .map((symbol) => {
      const target = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol
      const typeOnly = isTypeOnly(symbol) || (target.flags & ts.SymbolFlags.Value) === 0
      return typeOnly ? `type ${symbol.name}` : symbol.name
    })
    .sort()
}

const isTypeOnly = (symbol: ts.Symbol): boolean => symbol.declarations?.some(ts.isTypeOnlyExportDeclaration) === true

const readme = documented(manual)
const program = ts.createProgram({
  rootNames: subpaths.map(({ types }) => join(root, types)),
  options: {
    module: ts.ModuleKind.Node16,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
})

describe('public names', () => {
  it('are documented for every subpath, and for none that is not', () => {
    expect([...readme.keys()].sort()).toEqual(subpaths.map(({ name }) => name).sort())
  })

  describe.each(subpaths)('of $name', ({ name, types }) => {
    it('are those of the manual', () => {
      expect(declared(program, join(root, types))).toEqual(readme.get(name))
    })

    it('exist at run time, those that are not types', () => {
      const values = (readme.get(name) ?? []).filter((line) => !line.startsWith('type '))
      expect(publicNames(name)).toEqual(values)
    })
  })

  it('are read from fences under headings', () => {
    const markdown = '### `agentcore-fp/x`\n\n```text public-names\nb\ntype A\n\na\n```\n```text\nno\n```\n'
    expect(documented(markdown)).toEqual(new Map([['agentcore-fp/x', ['a', 'b', 'type A']]]))
  })

  it('are told apart as types and values', () => {
    const host = ts.createCompilerHost({})
    const text = 'export const a = 1\nexport type B = 1\nconst c = 1\ntype D = 2\nexport type { D }\nexport { c as e }'
    const source = ts.createSourceFile('/x.ts', text, ts.ScriptTarget.ES2022)
    const getSourceFile = (path: string): ts.SourceFile | undefined => (path === '/x.ts' ? source : undefined)
    const made = ts.createProgram(['/x.ts'], { noLib: true }, { ...host, getSourceFile, fileExists: () => false })
    expect(declared(made, '/x.ts')).toEqual(['a', 'e', 'type B', 'type D'])
  })
})
