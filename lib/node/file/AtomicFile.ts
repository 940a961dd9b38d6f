/** A file that is written whole or not at all: into a temporary one beside it, to the disk, then renamed. */
import { randomUUID } from 'node:crypto'
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

/** Writes a file whole or not at all, with the given mode, if any, whatever the umask; a link at its path is replaced. */
export const writeWhole = async (path: string, text: string | Uint8Array, mode?: number): Promise<void> => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode ?? 0o644)
    try {
      if (mode !== undefined) await file.chmod(mode).catch(() => undefined) // a file system may keep no modes
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await replace(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
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
  await writeWhole(target, text, await readMode(target))
}
