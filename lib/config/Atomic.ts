/** A file that is written whole or not at all: into a temporary one beside it, to the disk, then renamed. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './systemError'

/** Where a path leads: a link is written through, never replaced. */
const targetOf = (path: string): Promise<string> => realpath(path).catch(() => path)

const modeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ mode }) => mode & 0o777,
    () => 0o644,
  )

const isBusy = (cause: unknown): boolean => ['EPERM', 'EACCES', 'EBUSY'].includes(String(codeOf(cause)))

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

/** Writes a file whole or not at all; its folder is made. Rejects with what the system says. */
export const writeAtomic = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const target = await targetOf(path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', await modeOf(target))
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await replace(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}
