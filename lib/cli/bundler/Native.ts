/** Detects native packages, which cannot be bundled because they load machine code. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Packages that a package leaves the search for its machine code to. */
const loaders = ['bindings', 'node-gyp-build', 'prebuild-install', '@mapbox/node-pre-gyp', 'node-pre-gyp']

/** The end of the name of a package that holds the machine code for one kind of machine. */
const forOneMachine = /(linux|darwin|win32)[-_](x64|arm64|ia32)/

const namesIn = (manifest: object, field: string): ReadonlyArray<string> => {
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

const isNative = async (folder: string): Promise<boolean> => {
  if (existsSync(join(folder, 'binding.gyp')) || existsSync(join(folder, 'prebuilds'))) return true
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}') // a folder that is no package
  return isNativeManifest(JSON.parse(text))
}

/** A package's name and its folder, of a path below `node_modules`; the innermost where they are nested. */
export const findPackage = (path: string): { readonly name: string; readonly folder: string } | undefined => {
  const found = /^(.*[\\/])?node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path)
  const name = found?.[2]
  return name === undefined || found === null
    ? undefined
    : { name: name.replaceAll('\\', '/'), folder: found[0].slice(0, -1) }
}

/** The packages among the inputs of a bundle that load machine code, in order. */
export const nativeAmong = async (inputs: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const packages = new Map(
    inputs.flatMap((path) => {
      const found = findPackage(path)
      return found === undefined ? [] : [[found.folder, found.name] as const]
    }),
  )
  const judged = await Promise.all(
    [...packages].map(async ([folder, name]) => ((await isNative(folder)) ? [name] : [])),
  )
  return [...new Set(judged.flat())].sort()
}
