/** Every public function has an `@example` in its doc comment, and every example compiles. */
import { join, relative } from 'node:path'
import * as ts from 'typescript'
import { compile } from './compile'
import { type Fence, fences, publicNames, root, subpaths } from './support'
import { withoutExample } from './withoutExample'

/** A function that users can import, by the name they write: `agentcore-fp Reply.json`. */
interface PublicFunction {
  readonly name: string
  /** The module that declares it, as a path from `dist` without its ending. */
  readonly module: string
  /** The nearest heading above it between two rules; functions of a shared module share the examples below one. */
  readonly section: string
  readonly examples: ReadonlyArray<string>
}

/** Modules of many small constructors: one example a section is enough. */
const sharing: ReadonlySet<string> = new Set(['lib/core/AgentError'])

const program = ts.createProgram({
  rootNames: subpaths.map(({ types }) => join(root, types)),
  options: {
    module: ts.ModuleKind.Node16,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
})
const checker = program.getTypeChecker()

const target = (symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol

const sectionOf = (declaration: ts.Node): string => {
  const above = declaration.getSourceFile().text.slice(0, declaration.getStart())
  return [...above.matchAll(/^\/\/ -{20,}\n\/\/ (.*)\n\/\/ -{20,}$/gm)].at(-1)?.[1] ?? ''
}

const toFunction = (name: string, symbol: ts.Symbol): ReadonlyArray<PublicFunction> => {
  const [declaration] = symbol.declarations ?? []
  if (declaration === undefined || (symbol.flags & ts.SymbolFlags.Value) === 0) return []
  if (checker.getTypeOfSymbol(symbol).getCallSignatures().length === 0) return []
  if (declaration.getSourceFile().fileName.includes('/node_modules/')) return [] // fp-ts and io-ts have manuals
  const module = relative(join(root, 'dist'), declaration.getSourceFile().fileName)
    .replaceAll('\\', '/')
    .replace(/\.d\.ts$/, '')
  const examples = symbol
    .getJsDocTags(checker)
    .filter((tag) => tag.name === 'example')
    .map(({ text }) => ts.displayPartsToString(text))
  return [{ name, module, section: sectionOf(declaration), examples }]
}

const functionsIn = (path: string, prefix: string): ReadonlyArray<PublicFunction> => {
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  return module === undefined
    ? []
    : checker.getExportsOfModule(module).flatMap((exported) => {
        const symbol = target(exported)
        const [declaration] = symbol.declarations ?? []
        return declaration !== undefined && ts.isSourceFile(declaration)
          ? functionsIn(declaration.fileName, `${prefix}${exported.name}.`)
          : toFunction(prefix + exported.name, symbol)
      })
}

const functions = subpaths.flatMap(({ name, types }) => functionsIn(join(root, types), `${name} `))

const blocks = functions.flatMap(({ name, examples }) =>
  examples.flatMap((text) => fences(text).map((fence) => ({ ...fence, heading: name }))),
)
const snippets = [...new Map(blocks.map((fence) => [fence.text, fence])).values()].map((fence, index): Fence => ({
  ...fence,
  line: index + 1,
}))
const outcome = compile(snippets, ({ heading }, line) => `${heading}, line ${line + 1} of its example:`)

const hasExample = ({ module, section, examples }: PublicFunction): boolean =>
  examples.length > 0 ||
  (sharing.has(module) &&
    functions.some((other) => other.module === module && other.section === section && other.examples.length > 0))

const incomplete = functions.filter((found) => !hasExample(found))

describe('the examples of public functions', () => {
  it.each(subpaths)('are looked for in $name as Node imports it', ({ name }) => {
    const tops = functions.filter((found) => found.name.startsWith(`${name} `)).map((found) => found.name.split(' ')[1])
    expect(publicNames(name)).toEqual(expect.arrayContaining(tops.map((top) => top?.split('.')[0])))
  })

  it('are there', () => {
    const missing = incomplete.filter(({ module }) => !withoutExample.includes(module))
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  it('are missing only in modules that still lack one', () => {
    const lacking = new Set(incomplete.map(({ module }) => module))
    expect(withoutExample.filter((module) => !lacking.has(module))).toEqual([])
  })

  it('are fences of ts that import the package by name', () => {
    const foreign = snippets.filter(({ info, text }) => info !== 'ts' || !/from 'agentcore-fp['/]/.test(text))
    expect(foreign.map(({ heading }) => heading)).toEqual([])
  })

  it('compile', () => {
    expect(snippets.flatMap((fence) => outcome.get(fence))).toEqual([])
  })
})
