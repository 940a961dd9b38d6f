/** A file for the output of an agent that cannot grow without bound: when it is full it becomes the older half. */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { appendPrivate, hasPrivateFolder } from '../../node/file/PrivateFile'

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
export const toOlder = (path: string): string => `${path}.1`

/** Opens a file to append to. Rejects where that is not possible. */
export const openLogFile = async (path: string, limit = maxSize): Promise<LogFile> => {
  let file = await appendPrivate(path)
  let size = (await file.stat()).size
  let last: Promise<void> = Promise.resolve()
  let isClosed = false

  const rotate = async (): Promise<void> => {
    await file.close()
    await rename(path, toOlder(path))
    file = await appendPrivate(path)
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

/** How many files with output of former sessions are kept. */
const logsKept = 200

/** A folder of such files: those of sessions that run, and of former ones as many as are kept. */
export interface LogFolder {
  /** Opens a file of the folder. As it is closed, the oldest of those that are not open go. */
  readonly open: (name: string) => Promise<LogFile>
  /** Removes the oldest of those that are not open; the folder may not be there. */
  readonly prune: () => Promise<void>
}

const toTime = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0, // it is gone meanwhile
  )

/** Removes all but the newest files of a folder that hold output, those in use left out. */
const prune = async (folder: string, keep: number, inUse: ReadonlySet<string>): Promise<void> => {
  if (!hasPrivateFolder(folder)) return
  const paths = (await readdir(folder))
    .filter((name) => name.endsWith('.log') || name.endsWith('.log.1'))
    .map((name) => join(folder, name))
    .filter((path) => !inUse.has(path))
  if (paths.length <= keep) return
  const found = await Promise.all(paths.map(async (path) => ({ path, time: await toTime(path) })))
  const old = found.sort((a, b) => b.time - a.time).slice(keep)
  await Promise.all(old.filter(({ path }) => !inUse.has(path)).map(({ path }) => rm(path, { force: true })))
}

/** The files in a folder; of those that are no longer written to, the newest are kept. */
export const logFolder = (folder: string, keep = logsKept): LogFolder => {
  const inUse = new Set<string>()
  let pruning: Promise<void> | undefined
  let isAsked = false

  /** One pass at a time; whoever asks meanwhile gets one more, however many they are. */
  const pruneSoon = (): Promise<void> => {
    isAsked = true
    pruning ??= (async () => {
      try {
        while (isAsked) {
          isAsked = false
          await prune(folder, keep, inUse)
        }
      } finally {
        pruning = undefined
      }
    })()
    return pruning
  }

  const open = async (name: string): Promise<LogFile> => {
    const path = join(folder, name)
    inUse.add(path).add(toOlder(path))
    const leave = (): void => {
      inUse.delete(path)
      inUse.delete(toOlder(path))
    }
    try {
      const file = await openLogFile(path)
      const close = async (): Promise<void> => {
        await file.close()
        leave()
        await pruneSoon().catch(() => undefined) // the next one may
      }
      let closing: Promise<void> | undefined
      return { ...file, close: () => (closing ??= close()) }
    } catch (cause) {
      leave()
      throw cause
    }
  }

  return { open, prune: pruneSoon }
}
