/** A file for the output of an agent that cannot grow without bound: when it is full it becomes the older half. */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** An open file. */
export interface LogFile {
  readonly path: string
  /** Resolves when the text is written; what cannot be written is lost, for an agent must not stand still for it. */
  readonly write: (text: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}

/** How many bytes the file may have; the older half may have as many. */
const maxSize = 10_000_000

/** The name of the older half. */
export const olderOf = (path: string): string => `${path}.1`

const append = async (path: string): Promise<FileHandle> => {
  await mkdir(dirname(path), { recursive: true })
  return open(path, 'a', 0o600)
}

/** Opens a file to append to. Rejects where that is not possible. */
export const openLogFile = async (path: string, limit = maxSize): Promise<LogFile> => {
  let file = await append(path)
  let size = (await file.stat()).size
  let last: Promise<void> = Promise.resolve()
  let isClosed = false

  const rotate = async (): Promise<void> => {
    await file.close()
    await rename(path, olderOf(path))
    file = await append(path)
    size = 0
  }

  const writeNow = async (text: Uint8Array): Promise<void> => {
    if (isClosed) return
    if (size > 0 && size + text.length > limit) await rotate()
    await file.writeFile(text)
    size += text.length
  }

  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await file.close()
  }

  return {
    path,
    write: (text) => (last = last.then(() => writeNow(text)).catch(() => undefined)), // see the interface
    close: () => (last = last.then(close).catch(() => undefined)),
  }
}

/** Removes all but the newest files of a folder that hold output; the folder may not be there. */
export const prune = async (folder: string, keep: number): Promise<void> => {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.log') || name.endsWith('.log.1'))
      .map(async (name) => {
        const path = join(folder, name)
        const time = await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        )
        return { path, time }
      }),
  )
  const old = found.sort((a, b) => b.time - a.time).slice(keep)
  await Promise.all(old.map(({ path }) => rm(path, { force: true })))
}
