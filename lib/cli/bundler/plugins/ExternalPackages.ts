/**
 * Keeps packages outside of the bundle: those with machine code, those that the project names, and optional ones that are
 * not installed. A plugin of esbuild. A bundle without such packages pays nothing: the plugin asks for their names only.
 */
import type { Metafile, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { findPackage, usedByInstance } from './Native'

/** Packages by name, by why they are not in the bundle. */
export interface Outside {
  /** They are loaded from `node_modules` at run time. */
  readonly kept: ReadonlyArray<string>
  /** Nobody has installed them, and only code that may never run asks for them. */
  readonly missing: ReadonlyArray<string>
}

/** The plugin. By their names alone a program finds the packages of `project`. */
export const externalPackages = ({ kept, missing }: Outside, project: string): Plugin => ({
  name: 'agentcore-external',
  setup: (build) => {
    build.onLoad({ filter: /.*/, namespace }, ({ pluginData }) => ({
      contents: pluginData as string, // `stub` made it
      loader: 'js',
      resolveDir: project,
    }))
    if (missing.length > 0) build.onResolve({ filter: filterOf(missing) }, onMissing(build))
    if (kept.length > 0) build.onResolve({ filter: filterOf(kept) }, onKept(build, project))
  },
})

const namespace = 'agentcore-external'

/** Marks a resolution of ours, which must not come here again. */
const ours = 'agentcore'

const filterOf = (names: ReadonlyArray<string>): RegExp =>
  new RegExp(`^(?:${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(?:/|$)`)

const external = (path: string): OnResolveResult => ({ path, external: true })

/** A module that loads the package when it is evaluated itself, which an import of an ES module would do at the start. */
const stub = (path: string, contents: string): OnResolveResult => ({ path, namespace, pluginData: contents })

const onMissing =
  (build: PluginBuild) =>
  async (asked: OnResolveArgs): Promise<OnResolveResult | undefined> => {
    const { path, kind, importer, resolveDir, namespace: from } = asked
    const pluginData: unknown = asked.pluginData
    if (pluginData === ours) return undefined
    if (from === namespace) return external(path)
    const { errors } = await build.resolve(path, { kind, importer, resolveDir, pluginData: ours })
    if (errors.length === 0) return undefined // it has been installed meanwhile
    return kind === 'import-statement'
      ? stub(path, `module.exports = require(${JSON.stringify(path)})`)
      : external(path)
  }

const onKept =
  (build: PluginBuild, project: string) =>
  async ({
    path,
    kind,
    importer,
    resolveDir,
    namespace: from,
    pluginData,
  }: OnResolveArgs): Promise<OnResolveResult | undefined> => {
    if (pluginData === ours) return undefined
    if (from === namespace) return external(path)
    const resolve = async (directory: string): Promise<string | undefined> => {
      const found = await build.resolve(path, { kind, importer, resolveDir: directory, pluginData: ours })
      return found.errors.length > 0 ? undefined : findPackage(found.path)?.folder
    }
    const [folder, near] = await Promise.all([resolve(resolveDir), resolve(project)])
    const isNear = folder === undefined || folder === near
    const name = packageName(path)
    if (name !== undefined && usedByInstance.has(name)) {
      return stub(path, lazily(isNear ? `module.exports = require(${JSON.stringify(path)})` : loaderOf(folder, path)))
    }
    return isNear ? external(path) : stub(path, loaderOf(folder, path))
  }

/** A class whose module is loaded when the first instance is made: a program that makes none runs without the package. */
const lazily = (loader: string): string => `const load = () => {
  const module = {}
  ${loader.replaceAll('\n', '\n  ')}
  return module.exports
}
module.exports = new Proxy(function () {}, {
  construct: (_, given) => Reflect.construct(load(), given),
  get: (_, name) => load()[name],
})`

/**
 * Loads a package that the program cannot find by its name, as in the layout of pnpm, where only its importer can. It is
 * sought by its place below `node_modules`, beside the program and in the folder that the program runs in.
 */
const loaderOf = (folder: string, path: string): string => {
  const place = folder.replaceAll('\\', '/').replace(/^.*?\/node_modules\//, '')
  return `const { existsSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const near = [require, createRequire(join(process.cwd(), 'x'))].flatMap((at) => at.resolve.paths('x'))
const folder = near.map((at) => join(at, ${JSON.stringify(place)})).find((at) => existsSync(at))
if (folder === undefined) throw new Error(${JSON.stringify(`Cannot find node_modules/${place}: ship node_modules with the program`)})
module.exports = createRequire(join(folder, 'package.json'))(${JSON.stringify(path)})`
}

// ---------------------------------------------------------------------------------------------------------------------
// optional packages
// ---------------------------------------------------------------------------------------------------------------------

/** The name of the package that a specifier names; undefined for a path. */
export const packageName = (specifier: string): string | undefined =>
  /^(?:@[^/\\]+\/)?[^./\\@][^/\\]*/.exec(specifier)?.[0]

/**
 * The missing packages that the program asks for as soon as it starts, though it was built without them: of code that is
 * in the bundle and is reached from the entry point by static imports alone.
 */
export const neededAtStart = ({ inputs, outputs }: Metafile, missing: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (missing.length === 0) return []
  const included = new Set(
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  )
  const reached = new Set(Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []))
  const needed = new Set<string>()
  for (const path of reached) {
    for (const { path: to, kind, external: isOutside } of inputs[path]?.imports ?? []) {
      if (kind === 'dynamic-import' || isOutside === true) continue
      const name = to.startsWith(`${namespace}:`) ? packageName(to.slice(namespace.length + 1)) : undefined
      if (name !== undefined && missing.includes(name) && included.has(to)) needed.add(name)
      reached.add(to)
    }
  }
  return [...needed].sort()
}

/** The packages outside that a bundle really asks for. */
export const usedOf = ({ inputs }: Metafile, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const asked = new Set(
    Object.values(inputs).flatMap(({ imports }) =>
      imports.flatMap(({ path, external: isOutside }) =>
        isOutside === true || path.startsWith(`${namespace}:`)
          ? (packageName(path.replace(`${namespace}:`, '')) ?? [])
          : [],
      ),
    ),
  )
  return names.filter((name) => asked.has(name))
}
