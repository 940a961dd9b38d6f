/**
 * The layers of `lib/` as a table, and what breaks it in a set of sources. A folder is a layer; imports go down only.
 * Sources are a value, so that a spec can judge those of the repository and made-up ones alike.
 */
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import * as ts from 'typescript'

export type Sources = ReadonlyMap<string, string>

/** What a layer may import: layers right below it (and so those below them), and packages. */
interface Rule {
  readonly below: ReadonlyArray<string>
  /** All that are declared in package.json, unless they are listed. */
  readonly packages?: ReadonlyArray<string>
  /** Packages that only types may come from. */
  readonly types?: ReadonlyArray<string>
}

/** Section by section what the architecture allows. The entry `index` is the file `lib/index.ts`. */
export const rules: Readonly<Record<string, Rule>> = {
  core: { below: [], packages: ['fp-ts'], types: ['io-ts'] },
  node: { below: ['core'] },
  http: { below: ['node'] },
  plain: { below: ['core', 'http'] },
  strands: { below: ['node'], packages: [] },
  fp: { below: [], packages: ['fp-ts', 'io-ts'] },
  testing: { below: ['core', 'http', 'plain'] },
  client: { below: ['node'] },
  auth: { below: ['node'] },
  config: { below: ['node'] },
  local: { below: ['auth', 'config'] },
  deploy: { below: ['config', 'client'] },
  cli: { below: ['local', 'deploy', 'client', 'http'] },
  index: { below: ['core', 'http'] },
}

/** Names that no file of `core` may speak of: they reach for the clock, chance, the process or the network. */
const effects = new Set(
  'process console setTimeout setInterval setImmediate queueMicrotask performance crypto fetch require Buffer'.split(
    ' ',
  ),
)

const effectfulMembers = new Set(['Date.now', 'Math.random'])

interface Import {
  readonly specifier: string
  readonly line: number
  readonly typeOnly: boolean
  /** Whether it is loaded when its code runs. */
  readonly isLoad: boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// reading a source
// ---------------------------------------------------------------------------------------------------------------------

const parse = (path: string, text: string): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)

const nodesOf = (node: ts.Node): ReadonlyArray<ts.Node> => {
  const nodes: Array<ts.Node> = []
  const visit = (child: ts.Node): void => {
    nodes.push(child)
    ts.forEachChild(child, visit)
  }
  visit(node)
  return nodes
}

const isTypeOnly = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const names = clause.namedBindings
  return (
    clause.name === undefined &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.length > 0 &&
    names.elements.every((element) => element.isTypeOnly)
  )
}

const isLoad = (call: ts.CallExpression): boolean =>
  call.expression.kind === ts.SyntaxKind.ImportKeyword ||
  (ts.isIdentifier(call.expression) && call.expression.text === 'require')

/** The specifier of an import, in whatever form, and whether only types come by it. */
const imported = (
  node: ts.Node,
): (Pick<Import, 'typeOnly' | 'isLoad'> & { readonly specifier: ts.Node }) | undefined => {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
    return { specifier: node.moduleSpecifier, typeOnly: isTypeOnly(node), isLoad: false }
  if (ts.isExternalModuleReference(node)) return { specifier: node.expression, typeOnly: false, isLoad: false }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { specifier: node.argument.literal, typeOnly: true, isLoad: false }
  const argument = ts.isCallExpression(node) && isLoad(node) ? node.arguments[0] : undefined
  return argument === undefined ? undefined : { specifier: argument, typeOnly: false, isLoad: true }
}

const importsOf = (source: ts.SourceFile): ReadonlyArray<Import> =>
  nodesOf(source).flatMap((node) => {
    const found = imported(node)
    if (found === undefined) return []
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    const specifier = ts.isStringLiteralLike(found.specifier) ? found.specifier.text : found.specifier.getText()
    return [{ specifier, line, typeOnly: found.typeOnly, isLoad: found.isLoad }]
  })

const isName = (node: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
  ((ts.isPropertyAssignment(node.parent) ||
    ts.isPropertySignature(node.parent) ||
    ts.isMethodSignature(node.parent) ||
    ts.isMethodDeclaration(node.parent)) &&
    node.parent.name === node)

const effectOf = (node: ts.Node): string | undefined => {
  if (ts.isIdentifier(node)) return effects.has(node.text) && !isName(node) ? node.text : undefined
  if (ts.isPropertyAccessExpression(node)) return effectfulMembers.has(node.getText()) ? node.getText() : undefined
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0)
    return 'new Date()'
  return undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// judging it
// ---------------------------------------------------------------------------------------------------------------------

const layerOf = (path: string): string => {
  const [, folder, file] = path.split('/')
  return file === undefined ? (folder ?? '').replace(/\.ts$/, '') : (folder ?? '')
}

const allBelow = (layer: string): ReadonlySet<string> =>
  new Set((rules[layer]?.below ?? []).flatMap((below) => [below, ...allBelow(below)]))

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtinModules.includes(specifier)

const targetOf = (sources: Sources, from: string, specifier: string): string | undefined => {
  const path = posix.join(posix.dirname(from), specifier.replace(/[.]js$/, ''))
  return [path, `${path}.ts`, `${path}/index.ts`].find((candidate) => sources.has(candidate))
}

const faultOf =
  (sources: Sources, declared: ReadonlySet<string>) =>
  (path: string, { specifier, typeOnly }: Import): string | undefined => {
    const layer = layerOf(path)
    const rule = rules[layer]
    if (rule === undefined) return `is in the unknown layer ${layer}`
    if (specifier.startsWith('.')) {
      const target = targetOf(sources, path, specifier)
      if (target === undefined) return `imports ${specifier}, which is not in lib`
      const below = layerOf(target)
      return below === layer || allBelow(layer).has(below) ? undefined : `${layer} imports ${below} (${specifier})`
    }
    const name = packageOf(specifier)
    if (rule.packages !== undefined) {
      const allowed = rule.packages.includes(name) || (typeOnly && rule.types?.includes(name) === true)
      return allowed ? undefined : `${layer} imports ${specifier}`
    }
    if (isBuiltin(specifier)) return specifier.startsWith('node:') ? undefined : `imports ${specifier} without node:`
    if (declared.has(name) || (typeOnly && declared.has(`@types/${name}`))) return undefined
    return `imports ${specifier}, which package.json does not declare`
  }

const cycleFrom = (graph: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  const visit = (path: string, trail: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Which files of the sources each file imports; those that it loads when it runs only if they are asked for. */
export const importGraph = (sources: Sources, withLoads = false): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    [...sources].map(([path, text]) => [
      path,
      importsOf(parse(path, text)).flatMap(({ specifier, isLoad }) =>
        specifier.startsWith('.') && (withLoads || !isLoad) ? [targetOf(sources, path, specifier) ?? []].flat() : [],
      ),
    ]),
  )

/** What breaks the layers in these sources, one line each, with where it stands. `declared` are the known packages. */
export const faults = (sources: Sources, declared: ReadonlySet<string>): ReadonlyArray<string> => {
  const parsed = [...sources].map(([path, text]) => ({ path, source: parse(path, text) }))
  const upward = parsed.flatMap(({ path, source }) =>
    importsOf(source).flatMap((found) => {
      const fault = faultOf(sources, declared)(path, found)
      return fault === undefined ? [] : [`${path}:${found.line} ${fault}`]
    }),
  )
  const impure = parsed
    .filter(({ path }) => layerOf(path) === 'core')
    .flatMap(({ path, source }) =>
      nodesOf(source).flatMap((node) => {
        const effect = effectOf(node)
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
        return effect === undefined ? [] : [`${path}:${line} core speaks of ${effect}`]
      }),
    )
  const cycle = cycleFrom(importGraph(sources, true))
  return [...upward, ...impure, ...(cycle === undefined ? [] : [`cycle: ${cycle.join(' -> ')}`])]
}
