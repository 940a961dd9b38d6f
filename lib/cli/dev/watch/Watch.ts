/** Tells when the source of an agent changes: files of the project, and those outside of it that went into the program. */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, relative, sep } from 'node:path'
import type { ChokidarOptions, FSWatcher } from 'chokidar'
import { isWithin } from '../../../node/file/Within'

/** Folders that hold no source. */
const ignoredFolders: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage'])

/** What a change of may matter: source, data that can be imported, settings. */
const matters =
  /\.(?:[cm]?[jt]sx?|json[5cl]?|txt|mdx?|ya?ml|toml|xml|html?|css|csv|graphql|gql|sql|wasm|prompt|hbs|ejs|njk|liquid|mustache|tmpl|proto)$/

/** The marks that package managers leave in `node_modules` when they have changed it. */
const installed = ['.package-lock.json', '.modules.yaml', '.yarn-state.yml', '.yarn-integrity']

/** Whether a path of the project is no matter of the source. */
export const isIgnored = (project: string, path: string, isFile: boolean): boolean => {
  const inside = relative(project, path)
  if (inside === '' || !isWithin(project, path)) return false
  if (inside === '.env') return false
  if (inside === 'node_modules' || installed.some((name) => inside === ['node_modules', name].join(sep))) return false
  const names = inside.split(sep)
  if (names.some((name) => ignoredFolders.has(name) || name.startsWith('.'))) return true
  return isFile && !matters.test(inside)
}

/** A watch that runs. */
export interface Watch {
  /**
   * Watches these as well, wherever they are, also while they are missing. A change since `readAt`, in milliseconds since
   * the epoch, is reported too: it may come after a build has read a file and before the file is watched.
   */
  readonly add: (paths: ReadonlyArray<string>, readAt: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** A change rarely comes alone: how long it is waited for others, in milliseconds. */
const together = 25

/** chokidar reports no second change of a file within 50 ms of the first: after this time it is looked for, in milliseconds. */
const unreported = 60

/** The folders of a path that are in the project. */
const foldersOf = (project: string, path: string): ReadonlyArray<string> =>
  !isWithin(project, dirname(path)) || dirname(path) === project
    ? []
    : [dirname(path), ...foldersOf(project, dirname(path))]

/** The time that a file system records may lag this much behind the clock, in milliseconds. */
const lag = 10

/** Whether a file has been written, or moved here, since a time. */
const isNewer = async (path: string, since: number): Promise<boolean> => {
  const stats = await stat(path).catch(() => undefined)
  return stats !== undefined && Math.max(stats.mtimeMs, stats.ctimeMs) >= since - lag
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The nearest folder around a missing path that is there. */
const nearestFolder = async (path: string): Promise<string> => {
  const folder = dirname(path)
  const stats = await stat(folder).catch(() => undefined)
  return folder === path || stats?.isDirectory() === true ? folder : nearestFolder(folder)
}

/** Calls with the paths that changed, soon after a change and once for those that come together. Resolves when it watches. */
export const watch = async (
  project: string,
  onChange: (paths: ReadonlyArray<string>) => void,
  onError: (cause: unknown) => void,
): Promise<Watch> => {
  const chokidar = await import('chokidar')
  const added = new Set<string>()
  const missing = new Set<string>()
  const around = new Set<string>()
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const lookups = new Set<NodeJS.Timeout>()
  const watchers: Array<FSWatcher> = []
  const starts: Array<Promise<void>> = []
  let isClosed = false
  const tell = (): void => {
    const paths = [...changed]
    changed.clear()
    onChange(paths)
    lookAgain(paths, Date.now())
  }
  /** Notes what was written after it was reported, and so perhaps after it was read. */
  const lookAgain = (paths: ReadonlyArray<string>, since: number): void => {
    const lookup = setTimeout(() => {
      lookups.delete(lookup)
      for (const path of paths) void isNewer(path, since).then((isWritten) => (isWritten ? note(path) : undefined))
    }, unreported)
    lookups.add(lookup)
  }
  const note = (path: string): void => {
    if (isClosed) return
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(tell, together)
  }
  /** A watcher of its own for each set of paths, since only a new one tells when it watches. */
  const begin = async (paths: string | Array<string>, options: ChokidarOptions): Promise<void> => {
    if (isClosed) return
    const watcher = chokidar.watch(paths, { ignoreInitial: true, ...options })
    watchers.push(watcher)
    watcher.on('all', (_, path) => note(path))
    watcher.on('error', onError)
    const started = new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
    starts.push(started)
    await started
  }
  const beginFiles = (files: ReadonlyArray<string>): Promise<void> => {
    files.forEach((path) => [path, ...foldersOf(project, path)].forEach((each) => added.add(each)))
    return begin([...files], { ignored: toIgnored })
  }
  const toIgnored = (path: string, stats?: Stats): boolean =>
    !added.has(path) && isIgnored(project, path, stats?.isFile() === true)
  /** A missing file is seen by the nearest folder that is there, whose change leads to another build. */
  const beginMissing = async (paths: ReadonlyArray<string>): Promise<void> => {
    paths.forEach((path) => missing.add(path))
    const folders = new Set(await Promise.all(paths.map(nearestFolder)))
    const fresh = [...folders].filter((folder) => !around.has(folder))
    fresh.forEach((folder) => around.add(folder))
    if (fresh.length > 0)
      await begin(fresh, { depth: 0, ignored: (path) => !around.has(path) && !leadsToMissing(path) })
  }
  const leadsToMissing = (path: string): boolean =>
    [...missing].some((each) => each === path || each.startsWith(path + sep))

  await begin(project, { ignored: toIgnored })
  return {
    add: async (paths, readAt) => {
      const elsewhere = paths.filter(
        (path) => !added.has(path) && (!isWithin(project, path) || isIgnored(project, path, true)),
      )
      const isThere = await Promise.all(elsewhere.map(exists))
      const files = elsewhere.filter((_, at) => isThere[at] === true)
      const absent = elsewhere.filter((_, at) => isThere[at] !== true)
      if (isClosed) return
      if (files.length > 0) await beginFiles(files)
      if (absent.length > 0) await beginMissing(absent)
      for (const path of elsewhere) if (await isNewer(path, readAt)) note(path)
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      lookups.forEach(clearTimeout)
      await Promise.all(starts) // one that is closed as it starts leaves folders watched, and the process would not end
      await Promise.all(watchers.map((watcher) => watcher.close()))
    },
  }
}
