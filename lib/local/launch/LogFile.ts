/** A log file of bounded size: when full, it is rotated to become the older half. */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { appendPrivate, hasPrivateFolder } from '../../node/file/PrivateFile'

/** An open log file. */
export interface LogFile {
  readonly path: string
  /** Resolves when the text is written or dropped: a failed write must not block the agent. */
  readonly write: (text: Uint8Array) => Promise<void>
  readonly close: () => Promise<void>
}

/** The size at which a file is rotated, in bytes; both halves together may have twice as many. */
const maxSize = 10_000_000

/** The name of the older half. */
export const toOlder = (path: string): string => `${path}.1`

/** Opens a log file for appending. Rejects on failure. */
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
    write: (text) => (last = last.then(() => writeNow(text)).catch(() => undefined)),
    close: () => (last = last.then(close).catch(() => undefined)),
  }
}

/** How many log files of former sessions are kept. */
const logsKept = 200

/** A folder of log files: those of running sessions, and a bounded number of former ones. */
export interface LogFolder {
  /** Opens a file in the folder. Closing it prunes the oldest closed files. */
  readonly open: (name: string) => Promise<LogFile>
  /** Prunes the oldest closed files; the folder may be missing. */
  readonly prune: () => Promise<void>
}

const toTime = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0, // removed in the meantime
  )

/** Removes all but the newest log files of a folder, except those in use. */
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

/** The log files of a folder; of those no longer in use, the newest are kept. */
export const logFolder = (folder: string, keep = logsKept): LogFolder => {
  const inUse = new Set<string>()
  let pruning: Promise<void> | undefined
  let isAsked = false

  /** Prunes one pass at a time; requests during a pass share one more. */
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
        await pruneSoon().catch(() => undefined) // the next pass may succeed
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
