/**
 * The archive that the service runs: the bundle, and the packages that are not in it. The same files give the same bytes,
 * whenever and in whatever time zone it is made.
 */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type DeployError, packagingFailed } from '../failure/DeployError'
import type { CodeDigest } from '../plan/ContentPlan'
import { type ArchiveEntry, sorted } from './ArchiveEntry'
import { checkUnzipped, checkZipped } from './ArchiveLimits'

/** An archive in memory: the service takes no more than 250 MB. */
export interface CodeArchive extends CodeDigest {
  readonly zip: Uint8Array
  readonly files: number
}

/** Makes the archive. Left: `TooLarge`, before anything is sent. */
export const createArchive = (given: ReadonlyArray<ArchiveEntry>): TE.TaskEither<DeployError, CodeArchive> => {
  const entries = sorted(given)
  return pipe(
    TE.fromEither(checkUnzipped(entries)),
    TE.chain(() => TE.tryCatch(() => zipOf(entries), packagingFailed)),
    TE.chainEitherK((zip) =>
      pipe(
        checkZipped(zip.length, entries),
        E.map(() => toArchive(entries, zip)),
      ),
    ),
  )
}

/** Makes the archive of a build context, which the limits of the service for code do not concern. */
export const createSource = (given: ReadonlyArray<ArchiveEntry>): TE.TaskEither<DeployError, CodeArchive> => {
  const entries = sorted(given)
  return pipe(
    TE.tryCatch(() => zipOf(entries), packagingFailed),
    TE.map((zip) => toArchive(entries, zip)),
  )
}

const toArchive = (entries: ReadonlyArray<ArchiveEntry>, zip: Uint8Array): CodeArchive => ({
  zip,
  digest: digestOf(entries),
  bytes: zip.length,
  files: entries.filter(({ kind }) => kind !== 'folder').length,
})

/** Of the files and not of the archive: another version of Node may compress them into other bytes. */
const digestOf = (entries: ReadonlyArray<ArchiveEntry>): string =>
  entries
    .reduce(
      (hash, { name, contents, isExecutable, kind }) =>
        hash.update(`${name}\0${kind ?? (isExecutable ? 'x' : '-')}\0${contents.length}\0`).update(contents),
      createHash('sha256'),
    )
    .digest('hex')

const zipOf = async (entries: ReadonlyArray<ArchiveEntry>): Promise<Uint8Array> => {
  const { ZipFile } = await import('yazl')
  const zip = new ZipFile()
  // A time of DOS has no zone and is written from the local fields of the date.
  const options = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true }
  const bytes = buffer(zip.outputStream)
  const failure = new Promise<never>((_, reject) => zip.on('error', reject))
  for (const folder of foldersOf(entries)) zip.addEmptyDirectory(folder, { ...options, mode: 0o40755 })
  for (const { name, contents, isExecutable, kind } of entries) {
    if (kind === 'folder') continue
    const data = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength)
    const mode = kind === 'link' ? 0o120777 : isExecutable ? 0o100755 : 0o100644
    zip.addBuffer(data, name, { ...options, mode })
  }
  zip.end()
  return Promise.race([bytes, failure])
}

/** Folders are entries too: without them some programs make folders that only their owner may enter. */
const foldersOf = (entries: ReadonlyArray<ArchiveEntry>): ReadonlyArray<string> => {
  const folders = new Set<string>()
  for (const { name, kind } of entries) {
    if (kind === 'folder') folders.add(name)
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) folders.add(name.slice(0, at))
  }
  return [...folders].sort()
}
