/**
 * Where packages stand in the archive: laid out anew, since a store of pnpm or the hoisting of a workspace cannot be
 * copied. Each package finds below `node_modules` the same dependencies that it finds in the project.
 */

/** An installed package: its real folder tells it from others of its name. */
export interface InstalledPackage {
  readonly name: string
  readonly folder: string
  /** What it loads. */
  readonly dependencies: ReadonlyArray<InstalledPackage>
}

/** A package and its folder in the archive. */
export interface PlacedPackage {
  /** With slashes: `node_modules/a/node_modules/b`. */
  readonly at: string
  readonly package: InstalledPackage
}

/** Places packages and all that they need; the given ones at the top. */
export const placePackages = (roots: ReadonlyArray<InstalledPackage>): ReadonlyArray<PlacedPackage> => {
  const placed = new Map<string, InstalledPackage>()
  const queue: Array<PlacedPackage> = []

  const put = (at: string, found: InstalledPackage): void => {
    placed.set(at, found)
    queue.push({ at, package: found })
  }

  /** What a package at a place finds by a name: the nearest one above. */
  const findFrom = (at: string, name: string): InstalledPackage | undefined => {
    for (const above of [at, ...parentsOf(at)]) {
      const found = placed.get(join(above, name))
      if (found !== undefined) return found
    }
    return placed.get(join('', name))
  }

  for (const root of roots) if (!placed.has(join('', root.name))) put(join('', root.name), root)
  // All dependencies of a package before any of theirs: what stands beside a package is never shadowed afterwards.
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const dependency of next.package.dependencies) {
      const found = findFrom(next.at, dependency.name)
      if (found?.folder === dependency.folder) continue
      put(join(found === undefined ? '' : next.at, dependency.name), dependency)
    }
  }
  return [...placed].map(([at, found]) => ({ at, package: found }))
}

const join = (at: string, name: string): string => `${at === '' ? '' : `${at}/`}node_modules/${name}`

/** The packages that a place lies in, the innermost first: `node_modules/a/node_modules/b` lies in `node_modules/a`. */
const parentsOf = (at: string): ReadonlyArray<string> => {
  const parents: Array<string> = []
  for (let end = at.lastIndexOf('/node_modules/'); end > 0; end = at.lastIndexOf('/node_modules/', end - 1)) {
    parents.push(at.slice(0, end))
  }
  return parents
}
