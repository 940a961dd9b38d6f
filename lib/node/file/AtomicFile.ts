/**
 * A file that is written whole or not at all: into a temporary one beside it, to the disk, then renamed. Not
 * `write-file-atomic`: it writes through a link wherever that leads, and to a temporary file whose name can be guessed and
 * that may be a link itself; a project of a stranger could choose the file that is written.
 */
import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../SystemError'

/** Where a path leads: a link is written through, never replaced. */
const resolveTarget = (path: string): Promise<string> => realpath(path).catch(() => path)

const readMode = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mode }) => mode & 0o777,
    () => undefined, // it is made anew
  )

const isBusy = (cause: unknown): boolean => ['EPERM', 'EACCES', 'EBUSY'].includes(errorCode(cause) ?? '')

/** Windows refuses to rename over a file that someone reads at the moment. */
const replace = async (from: string, to: string, tries = 10): Promise<void> => {
  try {
    await rename(from, to)
  } catch (cause) {
    if (process.platform !== 'win32' || !isBusy(cause) || tries === 0) throw cause
    await sleep(20)
    await replace(from, to, tries - 1)
  }
}

/** How a file is written. */
export interface WriteOptions {
  /** The file's mode, whatever the umask. */
  readonly mode?: number | undefined
  /** May reject once the text is on the disk, and nothing is written then. */
  readonly check?: () => Promise<void>
}

/** A name that no other write uses. A kill leaves such files behind. */
export const temporaryName = (name: string): string => `.${name}.${randomUUID()}.tmp`

const temporaryFor = (path: string): string => join(dirname(path), temporaryName(basename(path)))

/** Writes a file whole or not at all; a link at its path is replaced. */
export const writeWhole = async (
  path: string,
  text: string | Uint8Array,
  { mode, check }: WriteOptions = {},
): Promise<void> => {
  const temporary = temporaryFor(path)
  try {
    const file = await open(temporary, 'wx', mode ?? 0o644)
    try {
      if (mode !== undefined) await file.chmod(mode).catch(() => undefined) // a file system may keep no modes
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await check?.()
    await replace(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}

/** The same at once, without waiting for the disk: for what must be written down before anything else can happen. */
export const writeWholeNow = (path: string, text: string, mode: number): void => {
  const temporary = temporaryFor(path)
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode })
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw cause
  }
}

/** Whether a path is a folder's own, or below it. */
const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * Writes a file whole or not at all; its folder is made. A link is written through as long as it stays in the folder: a
 * project of a stranger must not choose a file elsewhere. Rejects with what the system says.
 */
export const writeAtomic = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const target = await resolveTarget(path)
  if (target !== path && !isWithin(await realpath(dirname(path)), target))
    throw new Error(`it is a symbolic link to a file outside of its folder, ${target}`)
  await writeWhole(target, text, { mode: await readMode(target) })
}
