/**
 * Packages that a source can do without: optional ones that are not installed, and that only code which may never run
 * asks for. Node resolves an import when it is reached, esbuild all of them at once.
 */
import { resolve } from 'node:path'
import type { Message } from 'esbuild'
import { packageName } from './ExternalPackages'
import { findPackage, namesIn, readManifest } from './Native'

/** The optional packages that a build could not find, by its errors, in order. */
export const optionalAmong = async (
  errors: ReadonlyArray<Message>,
  project: string,
): Promise<ReadonlyArray<string>> => {
  const judged = await Promise.all(
    errors.map(async (error) => {
      const name = unresolved(error)
      return name !== undefined && (await isOptional(error, name, project)) ? [name] : []
    }),
  )
  return [...new Set(judged.flat())].sort()
}

/** The package that an error says was not found. */
const unresolved = ({ text }: Message): string | undefined => {
  const specifier = unresolvedSpecifier(text)
  return specifier === undefined ? undefined : packageName(specifier)
}

/** The specifier that an error of esbuild says was not found. */
export const unresolvedSpecifier = (text: string): string | undefined => /^Could not resolve "([^"]+)"/.exec(text)?.[1]

/** A package loads it lazily, or whoever asks for it declares it optional. */
const isOptional = async ({ location }: Message, name: string, project: string): Promise<boolean> => {
  if (location === null) return false
  const importer = resolve(project, location.file)
  const owner = findPackage(importer)
  const isLazy = /\bimport\s*\(\s*$/.test(location.lineText.slice(0, location.column))
  if (owner !== undefined && isLazy) return true
  const manifest = await readManifest(owner?.folder ?? project)
  return typeof manifest === 'object' && manifest !== null && declaresOptional(manifest, name)
}

const declaresOptional = (manifest: object, name: string): boolean => {
  const peers: unknown = Reflect.get(manifest, 'peerDependenciesMeta')
  const peer: unknown = typeof peers === 'object' && peers !== null ? Reflect.get(peers, name) : undefined
  return (
    namesIn(manifest, 'optionalDependencies').includes(name) ||
    (typeof peer === 'object' && peer !== null && Reflect.get(peer, 'optional') === true)
  )
}
