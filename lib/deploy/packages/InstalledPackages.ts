/** Finds packages as Node does, with all that they need, in any layout of `node_modules`. */
import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, packagingFailed } from '../failure/DeployError'
import { checkEngines } from './NodeEngines'
import type { InstalledPackage } from './PackageTree'

/**
 * Packages by name, as the folder of a project finds them. Left: `PackageMissing`, `NodeRefused`. An optional dependency
 * that is not installed is left out, as the package manager has it; one for another machine than linux-arm64 too.
 */
export const findInstalled = (
  folder: string,
  names: ReadonlyArray<string>,
): TE.TaskEither<DeployError, ReadonlyArray<InstalledPackage>> =>
  pipe(
    TE.tryCatch(() => findAll(folder, names), packagingFailed),
    TE.chainEitherK((found) => found),
  )

type Found = E.Either<DeployError, InstalledPackage>

interface Mutable {
  readonly name: string
  readonly folder: string
  readonly dependencies: Array<InstalledPackage>
}

const findAll = async (
  folder: string,
  names: ReadonlyArray<string>,
): Promise<E.Either<DeployError, ReadonlyArray<InstalledPackage>>> => {
  const known = new Map<string, Mutable>()

  const load = async (name: string, at: string): Promise<Found> => {
    const seen = known.get(at)
    if (seen !== undefined) return E.right(seen)
    const manifest: unknown = JSON.parse(await readFile(join(at, 'package.json'), 'utf8'))
    const admitted = checkEngines(name, manifest)
    if (E.isLeft(admitted)) return admitted
    const made: Mutable = { name, folder: at, dependencies: [] }
    known.set(at, made) // before its dependencies: packages may need each other
    for (const { name: needed, isOptional } of dependenciesOf(manifest)) {
      const where = await locate(at, needed)
      if (where === undefined && isOptional) continue
      if (where === undefined) return E.left({ _tag: 'PackageMissing', name: needed, neededBy: name })
      if (isOptional && !(await runsThere(where))) continue
      const found = await load(needed, where)
      if (E.isLeft(found)) return found
      made.dependencies.push(found.right)
    }
    return E.right(made)
  }

  const found: Array<InstalledPackage> = []
  for (const name of names) {
    const at = await locate(folder, name)
    if (at === undefined) return E.left({ _tag: 'PackageMissing', name, neededBy: 'the bundle' })
    const loaded = await load(name, at)
    if (E.isLeft(loaded)) return loaded
    found.push(loaded.right)
  }
  return E.right(found)
}

/** The real folder of a package, sought from a folder upward. */
const locate = async (from: string, name: string): Promise<string | undefined> => {
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpath(candidate)
    if (dirname(at) === at) return undefined
  }
}

interface Dependency {
  readonly name: string
  readonly isOptional: boolean
}

/** Peers count where they are installed: the package loads them as it does the others. */
const dependenciesOf = (manifest: unknown): ReadonlyArray<Dependency> => {
  const optional = namesOf(manifest, 'optionalDependencies')
  const peers = namesOf(manifest, 'peerDependencies')
  const required = namesOf(manifest, 'dependencies').filter((name) => !optional.includes(name))
  return [
    ...required.map((name) => ({ name, isOptional: false })),
    ...[...new Set([...optional, ...peers])]
      .filter((name) => !required.includes(name))
      .map((name) => ({ name, isOptional: true })),
  ]
}

const namesOf = (manifest: unknown, field: string): ReadonlyArray<string> => {
  const value = fieldOf(manifest, field)
  return typeof value === 'object' && value !== null ? Object.keys(value).sort() : []
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

/** Whether the fields `os`, `cpu` and `libc` of a package admit linux, arm64 and glibc. */
const runsThere = async (folder: string): Promise<boolean> => {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  return admits(manifest, 'os', 'linux') && admits(manifest, 'cpu', 'arm64') && admits(manifest, 'libc', 'glibc')
}

const admits = (manifest: unknown, field: string, wanted: string): boolean => {
  const value = fieldOf(manifest, field)
  const list = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  const wants = list.filter((item) => !item.startsWith('!'))
  return !list.includes(`!${wanted}`) && (wants.length === 0 || wants.includes(wanted))
}

/** The optional packages for linux-arm64 that a package asks for, none of which is installed, though others are. */
export const missingBuilds = async (found: InstalledPackage): Promise<ReadonlyArray<string>> => {
  const manifest: unknown = JSON.parse(await readFile(join(found.folder, 'package.json'), 'utf8'))
  const builds = namesOf(manifest, 'optionalDependencies').filter((name) => /linux-arm64(?!.*musl)/.test(name))
  const have = found.dependencies.map(({ name }) => name)
  return builds.length > 0 && !builds.some((name) => have.includes(name)) ? builds : []
}
