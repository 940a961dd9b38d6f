/**
 * Atomic writes: to a temporary file in the same folder, to the disk, then renamed. Not `write-file-atomic`, which
 * writes through links wherever they lead, and to a temporary file with a predictable name that may itself be a link,
 * so that a malicious project could choose the file that is written.
 */
import { randomUUID } from 'node:crypto'
import { fsync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errorCode } from '../SystemError'
import { isWithin } from './Within'

/** The target of a path: a link is written through, never replaced. */
const resolveTarget = (path: string): Promise<string> => realpath(path).catch(() => path)

const readMode = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mode }) => mode & 0o777,
    () => undefined, // it is created
  )

const isBusy = (cause: unknown): boolean => ['EPERM', 'EACCES', 'EBUSY'].includes(errorCode(cause) ?? '')

/** Not `FileHandle.sync`, which under Yarn's Plug'n'Play is not implemented. */
const synced = promisify(fsync)

/** Renames, with retries: Windows refuses while someone reads the target. */
const replace = async (from: string, to: string, tries = 10): Promise<void> => {
  try {
    await rename(from, to)
  } catch (cause) {
    if (process.platform !== 'win32' || !isBusy(cause) || tries === 0) throw cause
    await sleep(20)
    await replace(from, to, tries - 1)
  }
}

/** Options of a write. */
export interface WriteOptions {
  /** The mode of the file, whatever the umask. */
  readonly mode?: number | undefined
  /** Runs once the text is on the disk; if it rejects, the file is not replaced. */
  readonly check?: () => Promise<void>
}

/** A unique temporary name. A killed process leaves such files behind. */
export const temporaryName = (name: string): string => `.${name}.${randomUUID()}.tmp`

const temporaryFor = (path: string): string => join(dirname(path), temporaryName(basename(path)))

/** Writes a file atomically, replacing a link at its path. */
export const writeWhole = async (
  path: string,
  text: string | Uint8Array,
  { mode, check }: WriteOptions = {},
): Promise<void> => {
  const temporary = temporaryFor(path)
  try {
    const file = await open(temporary, 'wx', mode ?? 0o644)
    try {
      if (mode !== undefined) await file.chmod(mode).catch(() => undefined) // the file system may have no modes
      await file.writeFile(text)
      await synced(file.fd)
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

/** The synchronous form, without waiting for the disk: for what must be recorded before any other event. */
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

/**
 * Writes a file atomically, creating its folder. A link is written through only within the folder: a malicious project
 * must not choose a file elsewhere. Rejects with the system's error.
 */
export const writeAtomic = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const target = await resolveTarget(path)
  if (target !== path && !isWithin(await realpath(dirname(path)), target))
    throw new Error(`it is a symbolic link to a file outside of its folder, ${target}`)
  await writeWhole(target, text, { mode: await readMode(target) })
}
