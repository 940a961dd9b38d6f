/** Tells when the source of an agent changes: files of the project, and those outside of it that went into the program. */
import { isAbsolute, relative, sep } from 'node:path'

/** Folders that hold no source. */
const ignoredFolders: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage'])

/** What a change of may matter: source, data that can be imported, settings. */
const matters = /\.(?:[cm]?[jt]sx?|json|txt|md|ya?ml|html|graphql|sql|wasm)$/

/** Whether a path of the project is no matter of the source. */
export const isIgnored = (project: string, path: string, isFile: boolean): boolean => {
  const inside = relative(project, path)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return false
  if (inside === '.env') return false
  if (inside === 'node_modules' || inside === ['node_modules', '.package-lock.json'].join(sep)) return false
  const names = inside.split(sep)
  if (names.some((name) => ignoredFolders.has(name) || name.startsWith('.'))) return true
  return isFile && !matters.test(inside)
}

/** A watch that runs. */
export interface Watch {
  /** Watches these as well. */
  readonly add: (paths: ReadonlyArray<string>) => void
  readonly close: () => Promise<void>
}

/** A change rarely comes alone: how long it is waited for others, in milliseconds. */
const together = 25

/** Calls, soon after a change and once for those that come together. Resolves when it watches. */
export const watch = async (
  project: string,
  onChange: () => void,
  onError: (cause: unknown) => void,
): Promise<Watch> => {
  const chokidar = await import('chokidar')
  let timer: NodeJS.Timeout | undefined
  const watcher = chokidar.watch(project, {
    ignoreInitial: true,
    ignored: (path, stats) => isIgnored(project, path, stats?.isFile() === true),
  })
  const soon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(onChange, together)
  }
  watcher.on('all', soon)
  watcher.on('error', onError)
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  return {
    add: (paths) => {
      const outside = paths.filter((path) => relative(project, path).startsWith('..'))
      if (outside.length > 0) watcher.add(outside)
    },
    close: async () => {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}
