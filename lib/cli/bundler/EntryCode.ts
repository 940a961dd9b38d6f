/**
 * Whether an entry point serves the agent itself, by `app.run()`, or only exports it. The latter gets a program around
 * it. Nothing runs twice: which of the two it is, is read in the source, and the program asks the app besides whether it
 * has been told to serve.
 */
import type { AnyNode, Expression, Node, Program } from 'acorn'
import type * as esbuild from 'esbuild'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type BuildError, noBundler } from './BuildError'
import { loaderOf } from './plugins/MainModule'

/** How the entry point becomes a program. */
export type Entry =
  | { readonly _tag: 'Program' } // it serves itself, and is bundled as it is
  | { readonly _tag: 'Module' } // it only exports an app or an agent

/**
 * How the entry point with this source becomes a program. It serves itself if it calls `run` or `listen` of an app:
 * `app.run()`, `createApp(agent).listen(8080)`. The `run` of a database is no reason, nor is the server of a tool that
 * `listen`s: that of anything else counts only if an app is its `callback`, or if the source makes no agent of this package. Left `NoBundler` where esbuild, an
 * optional dependency, is not installed.
 */
export const toEntry = (file: string, source: string): TE.TaskEither<BuildError, Entry> =>
  pipe(
    TE.tryCatch(() => Promise.all([import('esbuild'), import('acorn')]), noBundler),
    TE.chainTaskK(([{ transform }, { parse }]) => async (): Promise<Entry> => {
      try {
        const { code } = await transform(source, { ...plain, loader: loaderOf(file) })
        return serves(parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true }))
          ? { _tag: 'Program' }
          : { _tag: 'Module' }
      } catch {
        return { _tag: 'Program' } // the bundler, which meets the same flaw, says where it is
      }
    }),
  )

/** Leaves JavaScript that the parser knows: no types, no JSX, no decorators. */
const plain: esbuild.TransformOptions = { target: 'es2022', legalComments: 'none', logLevel: 'silent' }

/** Names in a source: of `createApp`, and of what it may have made. */
interface Names {
  readonly makers: ReadonlySet<string>
  readonly apps: ReadonlySet<string>
}

const serves = (program: Program): boolean => {
  const nodes = nodesOf(program)
  const makers = new Set(['createApp', ...nodes.flatMap(makersIn)])
  const apps = new Set(['app', ...nodes.flatMap(appsIn(makers))])
  const methods = nodes.flatMap((node) =>
    node.type === 'CallExpression' && node.callee.type === 'MemberExpression' ? [node.callee] : [],
  )
  const isCalled = (name: string): boolean => methods.some(({ property }) => nameOf(property) === name)
  const serve = methods.filter(({ property }) => ['run', 'listen'].includes(nameOf(property) ?? ''))
  return (
    serve.some(({ object }) => isApp({ makers, apps }, object)) ||
    (isCalled('listen') && (isCalled('callback') || !nodes.some(isOurs)))
  )
}

/** Whether this names the package, in an import or a call of `require`. */
const isOurs = (node: AnyNode): boolean => node.type === 'Literal' && /^agentcore-fp(?:\/|$)/.test(String(node.value))

const isNode = (value: unknown): value is AnyNode => typeof value === 'object' && value !== null && 'type' in value

const nodesOf = (root: Node): ReadonlyArray<AnyNode> => {
  const nodes: Array<AnyNode> = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isNode(value)) return
    nodes.push(value)
    Object.values(value).forEach(visit)
  }
  visit(root)
  return nodes
}

/** The name of an identifier, or the text of a string: `app.run`, `app['run']`, `import { 'createApp' as make }`. */
const nameOf = (node: AnyNode): string | undefined =>
  node.type === 'Identifier'
    ? node.name
    : node.type === 'Literal' && typeof node.value === 'string'
      ? node.value
      : undefined

const named = (node: AnyNode): ReadonlyArray<string> => (node.type === 'Identifier' ? [node.name] : [])

/** Other names of `createApp`, by an import or by a pattern. */
const makersIn = (node: AnyNode): ReadonlyArray<string> => {
  if (node.type === 'ImportSpecifier') return nameOf(node.imported) === 'createApp' ? [node.local.name] : []
  return node.type === 'Property' && nameOf(node.key) === 'createApp' ? named(node.value) : []
}

/** The names that stand for an app: what `createApp` made, what is the default export. */
const appsIn =
  (makers: ReadonlySet<string>) =>
  (node: AnyNode): ReadonlyArray<string> => {
    const makes = (made: Expression | null | undefined): boolean =>
      made?.type === 'CallExpression' && calls(makers, made.callee)
    switch (node.type) {
      case 'VariableDeclarator':
        return makes(node.init) ? named(node.id) : []
      case 'AssignmentExpression':
        return makes(node.right) ? named(node.left) : []
      case 'ExportDefaultDeclaration':
        return named(node.declaration)
      default:
        return []
    }
  }

/** Whether this is `createApp`, `main.createApp` or another name of it. */
const calls = (makers: ReadonlySet<string>, callee: AnyNode): boolean =>
  callee.type === 'MemberExpression'
    ? nameOf(callee.property) === 'createApp'
    : callee.type === 'Identifier' && makers.has(callee.name)

/** A function's result may be an app; that of a method is one only where the method belongs to one. */
const isApp = (names: Names, node: AnyNode): boolean => {
  switch (node.type) {
    case 'Identifier':
      return names.apps.has(node.name)
    case 'MemberExpression':
      return names.apps.has(nameOf(node.property) ?? '')
    case 'AwaitExpression':
      return isApp(names, node.argument)
    case 'CallExpression':
      return (
        node.callee.type !== 'MemberExpression' ||
        calls(names.makers, node.callee) ||
        isApp(names, node.callee.object) ||
        node.arguments.some((argument) => calls(names.makers, argument))
      )
    default:
      return false
  }
}

/** The mark that an app carries once it has been told to serve. `App` sets it. */
export const servedMark = 'agentcore-fp/served'

/**
 * The program around a module: serves what is exported as `app` or by default, an app or an agent, unless that serves
 * already. `createApp` comes from the agent's own installation, where it has one.
 */
export const programAround = (specifier: string, hasRuntime: boolean): string =>
  [
    `import * as exported from ${JSON.stringify(specifier)}`,
    hasRuntime ? `import { createApp } from 'agentcore-fp'` : '',
    `const inner = exported.default
const found = exported.app ?? inner?.app ?? inner?.default ?? inner
const isApp = (value) => typeof value?.run === 'function'
const isAgent = (value) => typeof value === 'function' && typeof value.spec === 'object'
const served = Symbol.for(${JSON.stringify(servedMark)})
setImmediate(() => {`,
    hasRuntime ? `  const app = isAgent(found) ? createApp(found) : found` : `  const app = found`,
    `  if (isApp(app)) {
    if (app[served] !== true) void app.run()
  } else if (isAgent(found)) {
    console.error('The entry point exports an agent, but agentcore-fp is not installed in the project')
    process.exitCode = 1
  } else if (!process.getActiveResourcesInfo().includes('TCPServerWrap')) {
    console.error('The entry point neither starts a server nor exports an app: call app.run(), or export the app as app or as the default export')
  }
})`,
  ]
    .filter((line) => line !== '')
    .join('\n')
