/**
 * A built program on disk. A folder is named by its content and appears whole, by a rename: a failed build leaves the
 * last good one alone, and sessions of an older one keep their files.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import * as TE from 'fp-ts/TaskEither'
import { privateFolder, writePrivate } from '../../node/file/PrivateFile'
import type { Bundle, BundleFile } from './Bundle'
import { type BuildError, buildFailed } from './BuildError'

/** A program in a folder of its own. */
export interface Artifact {
  /** `main.js`: what `node` runs. */
  readonly main: string
  readonly folder: string
  /** What `node` reads of it in bytes: not its source map. */
  readonly bytes: number
}

/** How many built programs stay on disk; running ones may be among them. */
const maxArtifacts = 5

const toHash = (files: ReadonlyArray<BundleFile>): string =>
  files
    .reduce(
      (hash, { name, contents }) => hash.update(`${name}\0${contents.length}\0`).update(contents),
      createHash('sha256'),
    )
    .digest('hex')
    .slice(0, 16)

const discardOld = async (parent: string): Promise<void> => {
  const names = await readdir(parent)
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      at: await stat(join(parent, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0, // another build has removed it
      ),
    })),
  )
  const old = aged.sort((a, b) => b.at - a.at).slice(maxArtifacts)
  await Promise.all(old.map(({ name }) => rm(join(parent, name), { recursive: true, force: true })))
}

/** Whether a folder is real and holds these files: one that came with the project may be named like a program of it. */
const holds = async (folder: string, files: ReadonlyArray<BundleFile>): Promise<boolean> => {
  if (!(await lstat(folder)).isDirectory()) return false
  const same = files.map(async ({ name, contents }) => {
    const path = join(folder, name)
    return (await lstat(path)).isFile() && (await readFile(path)).equals(contents)
  })
  return (await readdir(folder)).length === files.length && (await Promise.all(same)).every(Boolean)
}

const place = async (parent: string, files: ReadonlyArray<BundleFile>): Promise<string> => {
  privateFolder(parent)
  const folder = join(parent, toHash(files))
  if (await holds(folder, files).catch(() => false)) {
    const now = Date.now() / 1000
    // Only the order of what is removed depends on it, and some file systems let only the owner set times.
    await utimes(folder, now, now).catch(() => undefined)
    return folder
  }
  const temporary = join(parent, `.${randomUUID()}.tmp`)
  try {
    await mkdir(temporary, { mode: 0o700 })
    for (const { name, contents } of files) await writePrivate(join(temporary, name), contents)
    if (existsSync(folder)) await rename(folder, `${temporary}.old`).catch(() => undefined) // another build may be faster
    await rm(`${temporary}.old`, { recursive: true, force: true })
    await rename(temporary, folder).catch((cause: unknown) => {
      if (!existsSync(folder)) throw cause // else another build was faster, with the same content
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}

/** Puts a bundle below a folder. */
export const placeIn =
  (parent: string) =>
  ({ files }: Pick<Bundle, 'files'>): TE.TaskEither<BuildError, Artifact> =>
    TE.tryCatch(async () => {
      const folder = await place(parent, files)
      await discardOld(parent)
      const bytes = files
        .filter(({ name }) => !name.endsWith('.map'))
        .reduce((sum, { contents }) => sum + contents.length, 0)
      return { main: join(folder, 'main.js'), folder, bytes }
    }, buildFailed('writing the program'))
