/** The packages that are not in the bundle, as entries of the archive: what they need with them, and for linux-arm64. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, packagingFailed } from '../failure/DeployError'
import type { ArchiveEntry } from '../archive/ArchiveEntry'
import type { Excludes } from '../archive/Exclude'
import { findInstalled, missingBuilds } from './InstalledPackages'
import { isAlternative, machineCodeOf } from '../archive/MachineCode'
import { type PlacedPackage, placePackages } from './PackageTree'

/** Packages of a project. */
export interface Carried {
  /** The folder from which the program finds them. */
  readonly folder: string
  readonly names: ReadonlyArray<string>
  readonly excludes: Excludes
}

/** The files of packages and of all that they need. Left: `PackageMissing`, `NodeRefused`, `WrongMachine`. */
export const carryPackages = ({
  folder,
  names,
  excludes,
}: Carried): TE.TaskEither<DeployError, ReadonlyArray<ArchiveEntry>> =>
  pipe(
    findInstalled(folder, names),
    TE.map(placePackages),
    TE.chain((placed) => TE.tryCatch(() => collect(placed, excludes), packagingFailed)),
    TE.chainEitherK((found) => found),
  )

const collect = async (
  placed: ReadonlyArray<PlacedPackage>,
  excludes: Excludes,
): Promise<E.Either<DeployError, ReadonlyArray<ArchiveEntry>>> => {
  const entries: Array<ArchiveEntry> = []
  const wrong: Array<{ readonly file: string; readonly package: string }> = []
  for (const { at, package: found } of placed) {
    for (const name of await missingBuilds(found)) wrong.push({ file: `${name} (not installed)`, package: found.name })
    const builds = { taken: 0, left: 0 }
    for (const path of await filesBelow(found.folder)) {
      const name = `${at}/${path}`
      if (excludes(name)) continue
      const contents = await readFile(join(found.folder, path))
      const code = machineCodeOf(name, contents)
      if (code === 'other') {
        if (isAlternative(path)) builds.left += 1
        else wrong.push({ file: name, package: found.name })
        continue
      }
      if (code === 'linux-arm64') builds.taken += 1
      const { mode } = await stat(join(found.folder, path))
      entries.push({ name, contents, isExecutable: code === 'linux-arm64' || (mode & 0o111) !== 0 })
    }
    if (builds.left > 0 && builds.taken === 0)
      wrong.push({ file: `${at} (no build for linux-arm64)`, package: found.name })
  }
  return wrong.length === 0
    ? E.right(entries)
    : E.left({
        _tag: 'WrongMachine',
        files: wrong.map(({ file }) => file),
        packages: [...new Set(wrong.map((found) => found.package))],
      })
}

/** Files by their paths from a folder, in order, links followed, without the packages inside. */
const filesBelow = async (folder: string, within = ''): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  const names = (await readdir(join(folder, within))).sort()
  for (const name of names) {
    const path = within === '' ? name : `${within}/${name}`
    const kind = await stat(join(folder, path)).catch(() => undefined) // a link to nothing
    if (kind?.isDirectory() === true && name !== 'node_modules') found.push(...(await filesBelow(folder, path)))
    else if (kind?.isFile() === true) found.push(path)
  }
  return found
}
