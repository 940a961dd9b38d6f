/** The entry point of an agent, found in a folder: which file it is, what belongs to it, and what its package asks for. */
import { realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { readText } from '../../node/file/TextFile'
import { isWithin } from '../../node/file/Within'
import { type CliError, unexpected, usage } from '../program/CliError'

/** An entry point; paths are relative to the folder, with forward slashes. */
export interface Entry {
  readonly file: string
  /** The folder of the nearest package.json, at or below the folder of the command. */
  readonly sourcePath: string
  /** The version of Node that the package asks for, else the one that is recommended. */
  readonly nodeVersion: string
  readonly hasDockerfile: boolean
  /** The name of its package, without a scope. */
  readonly packageName: string | undefined
}

/** What may be an entry point in a folder, the likeliest first. */
const stems = ['src/index', 'index', 'src/agent', 'agent', 'src/main', 'main', 'src/app', 'app'] as const
const candidates = ['.ts', '.mts', '.js', '.mjs'].flatMap((end) => stems.map((stem) => `${stem}${end}`))

const isSource = (path: string): boolean => /[.](?:[cm]?[jt]s|[jt]sx)$/.test(path) && !/[.]d[.][cm]?ts$/.test(path)

const posix = (path: string): string => (path === '' ? '.' : path.split(sep).join('/'))

const readKind = async (path: string): Promise<'file' | 'folder' | undefined> => {
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : undefined
  } catch {
    return undefined // whatever the reason, nothing can be read there
  }
}

const firstFile = async (folder: string): Promise<string | undefined> => {
  for (const name of candidates) {
    if ((await readKind(join(folder, name))) === 'file') return join(folder, name)
  }
  return undefined
}

/** The nearest folder with a package.json, from here up to `top`; `here` if there is none. */
const packageFolder = async (here: string, top: string): Promise<string> => {
  for (let folder = here; isWithin(top, folder); folder = dirname(folder)) {
    if ((await readKind(join(folder, 'package.json'))) === 'file') return folder
    if (folder === dirname(folder)) break
  }
  return here
}

/** The version of Node to run agents with: the oldest that still gets security fixes, and that AgentCore runs code with. */
export const recommendedNode = '22'

/** A lower bound alone (`>=20.19`) admits the recommended version; a package that names another version gets that. */
const versionFor = (range: string): string => {
  const first = /\d+/.exec(range)?.[0] ?? recommendedNode
  const isOpen = /^\s*>=?\s*[\d.]+\s*$/.test(range)
  return isOpen && Number(first) < Number(recommendedNode) ? recommendedNode : first
}

/** What the text of a package.json says; nothing where it is broken, which is npm's to complain about. */
const manifestIn = (text: string): { readonly nodeVersion: string; readonly packageName: string | undefined } => {
  try {
    const manifest = JSON.parse(text) as {
      readonly name?: unknown
      readonly engines?: { readonly node?: unknown }
    } | null
    const [name, node] = [manifest?.name, manifest?.engines?.node]
    return {
      nodeVersion: typeof node === 'string' ? versionFor(node) : recommendedNode,
      packageName: typeof name === 'string' && name !== '' ? name.replace(/^@[^/]*\//, '') : undefined,
    }
  } catch {
    return { nodeVersion: recommendedNode, packageName: undefined }
  }
}

const next = 'pass a .ts, .tsx, .js or .jsx file, or a folder that contains one such as src/index.ts'

const find = async (cwd: string, given: string | undefined): Promise<E.Either<CliError, Entry>> => {
  const refuse = (message: string): E.Either<CliError, never> => E.left(usage(`--entrypoint: ${message}`, next))
  const top = await realpath(cwd)
  const path = resolve(cwd, given ?? '.')
  const kind = await readKind(path)
  if (kind === undefined) return refuse(`no such file: ${given ?? '.'}`)
  const file = kind === 'file' ? path : await firstFile(path)
  if (file === undefined) return refuse(`no agent found in ${given ?? 'this folder'}`)
  if (!isSource(file)) return refuse(`${given ?? file} is neither TypeScript nor JavaScript`)
  const real = await realpath(file)
  if (!isWithin(top, real)) return refuse(`${given ?? file} is outside this folder`)
  const source = await packageFolder(kind === 'folder' ? await realpath(path) : dirname(real), top)
  const manifest = await readText(join(source, 'package.json')).catch(() => '')
  return E.right({
    file: posix(relative(top, real)),
    sourcePath: posix(relative(top, source)),
    ...manifestIn(manifest),
    hasDockerfile: (await readKind(join(source, 'Dockerfile'))) === 'file',
  })
}

/** Finds the entry point: the file, or the likeliest file of the folder; without either of this folder. Left: `Usage`. */
export const findEntry =
  (cwd: string, given: string | undefined): TE.TaskEither<CliError, Entry> =>
  async () => {
    try {
      return await find(cwd, given)
    } catch (cause) {
      return E.left(unexpected(cause))
    }
  }

/** The name of an agent that has none: its path in letters, digits and underscores. */
export const nameFrom = (path: string): string => {
  const name = path
    .replace(/[.](?:[cm]?[jt]s|[jt]sx)$/, '')
    .replace(/[^a-zA-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  const safe = /^[a-zA-Z]/.test(name) ? name : `agent_${name}`.replace(/_$/, '')
  return safe.slice(0, 48)
}

/** File names that say nothing of an agent. */
const isGeneric = (file: string): boolean => /(?:^|\/)(?:index|main|app)[.][^/]*$/.test(file)

/** The name that a new agent gets: the package's where the file is called `index`, `main` or `app`, else the path's. */
export const suggestedName = ({ file, packageName }: Entry, given: string | undefined): string =>
  nameFrom(isGeneric(file) && packageName !== undefined ? packageName : (given ?? file))
