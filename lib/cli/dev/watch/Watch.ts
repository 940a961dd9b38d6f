/** Tells when the source of an agent changes: files of the project, and those outside of it that went into the program. */
import { stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, sep } from 'node:path'
import type { FSWatcher } from 'chokidar'

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
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return false
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

/** The folders of a path that are in the project. */
const foldersOf = (project: string, path: string): ReadonlyArray<string> =>
  relative(project, dirname(path)).startsWith('..') || dirname(path) === project
    ? []
    : [dirname(path), ...foldersOf(project, dirname(path))]

/** The time that a file system records may lag this much behind the clock, in milliseconds. */
const lag = 10

/** Whether a file has been written, or moved here, since a time. */
const isNewer = async (path: string, since: number): Promise<boolean> => {
  const stats = await stat(path).catch(() => undefined)
  return stats !== undefined && Math.max(stats.mtimeMs, stats.ctimeMs) >= since - lag
}

/** Calls with the paths that changed, soon after a change and once for those that come together. Resolves when it watches. */
export const watch = async (
  project: string,
  onChange: (paths: ReadonlyArray<string>) => void,
  onError: (cause: unknown) => void,
): Promise<Watch> => {
  const chokidar = await import('chokidar')
  const added = new Set<string>()
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const watchers: Array<FSWatcher> = []
  let isClosed = false
  const tell = (): void => {
    const paths = [...changed]
    changed.clear()
    onChange(paths)
  }
  const note = (path: string): void => {
    if (isClosed) return
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(tell, together)
  }
  /** A watcher of its own for each set of paths, since only a new one tells when it watches. */
  const begin = async (paths: string | Array<string>): Promise<void> => {
    const watcher = chokidar.watch(paths, {
      ignoreInitial: true,
      ignored: (path, stats) => !added.has(path) && isIgnored(project, path, stats?.isFile() === true),
    })
    watchers.push(watcher)
    watcher.on('all', (_, path) => note(path))
    watcher.on('error', onError)
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  }
  await begin(project)
  return {
    add: async (paths, readAt) => {
      const fresh = paths.filter(
        (path) => !added.has(path) && (relative(project, path).startsWith('..') || isIgnored(project, path, true)),
      )
      fresh.forEach((path) => [path, ...foldersOf(project, path)].forEach((each) => added.add(each)))
      if (fresh.length === 0 || isClosed) return
      await begin(fresh)
      for (const path of fresh) if (await isNewer(path, readAt)) note(path)
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await Promise.all(watchers.map((watcher) => watcher.close()))
    },
  }
}
