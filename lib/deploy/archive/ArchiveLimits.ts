/** The limits of the service for code, and what weighs most where they are exceeded. */
import * as E from 'fp-ts/Either'
import type { DeployError, Weight } from '../failure/DeployError'
import type { ArchiveEntry } from './ArchiveEntry'

/** The largest archive, in bytes. */
export const mostZipped = 250e6

/** The most that the files of an archive may have together, in bytes. */
export const mostUnzipped = 750e6

/** Checks the sum of the files. Left: `TooLarge`. */
export const checkUnzipped = (entries: ReadonlyArray<ArchiveEntry>): E.Either<DeployError, void> => {
  const bytes = entries.reduce((sum, { contents }) => sum + contents.length, 0)
  return bytes <= mostUnzipped ? E.right(undefined) : E.left(tooLarge('unzipped', bytes, mostUnzipped, entries))
}

/** Checks the archive. Left: `TooLarge`. */
export const checkZipped = (bytes: number, entries: ReadonlyArray<ArchiveEntry>): E.Either<DeployError, void> =>
  bytes <= mostZipped ? E.right(undefined) : E.left(tooLarge('zipped', bytes, mostZipped, entries))

const tooLarge = (
  what: 'zipped' | 'unzipped',
  bytes: number,
  most: number,
  entries: ReadonlyArray<ArchiveEntry>,
): DeployError => ({ _tag: 'TooLarge', what, bytes, most, heaviest: toHeaviest(entries) })

/** The five heaviest packages, or files outside of packages. */
export const toHeaviest = (
  entries: ReadonlyArray<{ readonly name: string; readonly contents: { readonly length: number } }>,
): ReadonlyArray<Weight> => {
  const weights = new Map<string, number>()
  for (const { name, contents } of entries) {
    const owner = ownerOf(name)
    weights.set(owner, (weights.get(owner) ?? 0) + contents.length)
  }
  return [...weights]
    .map(([name, bytes]) => ({ name, bytes }))
    .sort((a, b) => (a.bytes === b.bytes ? (a.name < b.name ? -1 : 1) : b.bytes - a.bytes))
    .slice(0, 5)
}

const ownerOf = (name: string): string => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name
