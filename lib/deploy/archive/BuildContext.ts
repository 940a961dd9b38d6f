/** The source of an image: its Dockerfile, and what of a folder its `.dockerignore` leaves for the build. */
import type { Ignore } from '@balena/dockerignore'
import type { Dirent } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { errorCode } from '../../node/SystemError'
import { type DeployError, packagingFailed } from '../failure/DeployError'
import { contextFolder, dockerfileName } from '../image/BuildProject'
import type { ArchiveEntry } from './ArchiveEntry'
import { toHeaviest } from './ArchiveLimits'

/** Where an image is built. */
export interface BuildFolder {
  readonly folder: string
  /** The path of the Dockerfile, which may lie elsewhere. */
  readonly dockerfile: string
  /** The `.dockerignore` that the folder would have for the build, and does not have yet. */
  readonly dockerignore?: string | undefined
}

/** The most that a build context may have, in bytes: it is kept in memory. */
export const mostInContext = 1e9

/** Reads the source. Left: `TooLarge` before anything is read, `PackagingFailed`. */
export const readContext = (from: BuildFolder): TE.TaskEither<DeployError, ReadonlyArray<ArchiveEntry>> =>
  pipe(
    TE.tryCatch(async () => {
      const ignores = await readIgnores(from)
      return { files: await walk(from.folder, '', ignores), extra: toExtra(from, ignores) }
    }, packagingFailed),
    TE.chainFirstEitherK(({ files }) => checkSize(files)),
    TE.chain(({ files, extra }) =>
      TE.tryCatch(async () => [...(await readAll(from, files)), ...extra], packagingFailed),
    ),
  )

// ---------------------------------------------------------------------------------------------------------------------
// .dockerignore
// ---------------------------------------------------------------------------------------------------------------------

/** What stays out, and whether anything below a folder that stays out may come back. */
interface Ignores {
  readonly ignores: (path: string) => boolean
  readonly mayReturn: (folder: string) => boolean
}

const ignoreFile = '.dockerignore'

/** The file that is not there yet, as part of the context that it would be. */
const toExtra = ({ dockerignore }: BuildFolder, { ignores }: Ignores): ReadonlyArray<ArchiveEntry> =>
  dockerignore === undefined || ignores(ignoreFile)
    ? []
    : [{ name: `${contextFolder}/${ignoreFile}`, contents: Buffer.from(dockerignore), isExecutable: false }]

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw cause
  }
}

/** Its types speak of a default export, and the module is the function itself. */
const loadIgnore = async (): Promise<() => Ignore> => {
  const { default: found }: { readonly default: unknown } = await import('@balena/dockerignore')
  return found as () => Ignore
}

/** A `Dockerfile.dockerignore` beside the Dockerfile wins over `.dockerignore`, as it does for BuildKit. */
const readIgnores = async ({ folder, dockerfile, dockerignore = '' }: BuildFolder): Promise<Ignores> => {
  const createIgnore = await loadIgnore()
  const own = (await textOf(`${dockerfile}.dockerignore`)) ?? (await textOf(join(folder, ignoreFile)))
  const text = own ?? dockerignore
  const filter = createIgnore().add(text)
  const returning = text.split(/\r?\n/).flatMap((line) =>
    line.startsWith('!')
      ? [
          line
            .slice(1)
            .trim()
            .replace(/^(?:\.?\/)+/, ''),
        ]
      : [],
  )
  return {
    ignores: (path) => filter.ignores(path),
    mayReturn: (path) => returning.some((pattern) => pattern.startsWith(`${path}/`) || /^[^/]*[*?[]/.test(pattern)),
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// files
// ---------------------------------------------------------------------------------------------------------------------

interface Found {
  readonly path: string
  readonly kind: NonNullable<ArchiveEntry['kind']> | 'file'
  readonly bytes: number
  readonly isExecutable: boolean
}

const walk = async (folder: string, below: string, ignores: Ignores): Promise<ReadonlyArray<Found>> => {
  const names = await readdir(join(folder, below), { withFileTypes: true })
  const found: Array<Found> = []
  for (const entry of names) found.push(...(await look(folder, below, entry, ignores)))
  return found
}

const look = async (folder: string, below: string, entry: Dirent, ignores: Ignores): Promise<ReadonlyArray<Found>> => {
  const path = below === '' ? entry.name : `${below}/${entry.name}`
  const isOut = ignores.ignores(path)
  if (entry.isDirectory()) {
    if (isOut && !ignores.mayReturn(path)) return []
    const inside = await walk(folder, path, ignores)
    return isOut ? inside : [{ path, kind: 'folder', bytes: 0, isExecutable: true }, ...inside]
  }
  // Sockets and pipes are no part of a build.
  if (isOut || !(entry.isFile() || entry.isSymbolicLink())) return []
  const { size: bytes, mode } = await lstat(join(folder, path))
  return [{ path, kind: entry.isFile() ? 'file' : 'link', bytes, isExecutable: (mode & 0o111) !== 0 }]
}

const checkSize = (files: ReadonlyArray<Found>): E.Either<DeployError, ReadonlyArray<Found>> => {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return bytes <= mostInContext
    ? E.right(files)
    : E.left({
        _tag: 'TooLarge',
        what: 'in the build context',
        bytes,
        most: mostInContext,
        heaviest: toHeaviest(files.map(({ path, bytes: length }) => ({ name: path, contents: { length } }))),
      })
}

const readAll = async (
  { folder, dockerfile }: BuildFolder,
  files: ReadonlyArray<Found>,
): Promise<ReadonlyArray<ArchiveEntry>> => {
  const entries: Array<ArchiveEntry> = [
    { name: dockerfileName, contents: await readFile(dockerfile), isExecutable: false },
    { name: contextFolder, contents: new Uint8Array(), isExecutable: true, kind: 'folder' },
  ]
  for (const { path, kind, isExecutable } of files) {
    const name = `${contextFolder}/${path}`
    const at = join(folder, path)
    if (kind === 'file') entries.push({ name, contents: await readFile(at), isExecutable })
    else if (kind === 'link')
      entries.push({ name, contents: Buffer.from(await readlink(at)), isExecutable: true, kind })
    else entries.push({ name, contents: new Uint8Array(), isExecutable: true, kind })
  }
  return entries
}
