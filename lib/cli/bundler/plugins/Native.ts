/** Detects packages that cannot be bundled: they load machine code, or files that lie beside their own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readText } from '../../../node/file/TextFile'

/** Packages that a package leaves the search for its machine code to. */
const loaders = ['bindings', 'node-gyp-build', 'prebuild-install', '@mapbox/node-pre-gyp', 'node-pre-gyp']

/** Packages without machine code that find workers, browsers or data beside their own files. */
const selfLocating = [
  ...['@prisma/client', 'jsdom', 'onnxruntime-node', 'piscina', 'playwright', 'playwright-core'],
  ...['puppeteer', 'puppeteer-core', 'thread-stream', 'tiktoken', 'typescript'],
]

/** Those of them that are one class, with what makes instances of it: without that, a program does not need them. */
export const usedByInstance: ReadonlyMap<string, string> = new Map([['thread-stream', 'transports of pino']])

/** The end of the name of a package that holds the machine code for one kind of machine. */
const forOneMachine = /(linux|darwin|win32)[-_](x64|arm64|ia32)/

/** The names in a field of a `package.json`, such as `dependencies`. */
export const namesIn = (manifest: object, field: string): ReadonlyArray<string> => {
  const value: unknown = Reflect.get(manifest, field)
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

/** Checks a `package.json` for signs of native code. */
export const isNativeManifest = (manifest: unknown): boolean =>
  typeof manifest === 'object' &&
  manifest !== null &&
  (Reflect.get(manifest, 'gypfile') === true ||
    namesIn(manifest, 'dependencies').some((name) => loaders.includes(name)) ||
    namesIn(manifest, 'optionalDependencies').some((name) => forOneMachine.test(name)))

/** The `package.json` of a folder; undefined where it is missing or broken, which the bundler reports where it matters. */
export const readManifest = async (folder: string): Promise<unknown> => {
  try {
    return JSON.parse(await readText(join(folder, 'package.json')))
  } catch {
    return undefined
  }
}

const isNative = async (folder: string): Promise<boolean> => {
  if (existsSync(join(folder, 'binding.gyp')) || existsSync(join(folder, 'prebuilds'))) return true
  return isNativeManifest(await readManifest(folder))
}

/** A package's name and its folder, of a path below `node_modules`; the innermost where they are nested. */
export const findPackage = (path: string): { readonly name: string; readonly folder: string } | undefined => {
  const found = /^(.*[\\/])?node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path)
  const name = found?.[2]
  return name === undefined || found === null
    ? undefined
    : { name: name.replaceAll('\\', '/'), folder: found[0].slice(0, -1) }
}

/** The packages among the inputs of a bundle that cannot be bundled, in order. */
export const nativeAmong = async (inputs: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const packages = new Map(
    inputs.flatMap((path) => {
      const found = findPackage(path)
      return found === undefined ? [] : [[found.folder, found.name] as const]
    }),
  )
  const judged = await Promise.all(
    [...packages].map(async ([folder, name]) =>
      selfLocating.includes(name) || (await isNative(folder)) ? [name] : [],
    ),
  )
  return [...new Set(judged.flat())].sort()
}
