/**
 * Frameworks that agents are written with, each in a folder of its own with its lock file: they are no dependencies of
 * this package, and some of them cannot stand in one folder. They are installed once, into a cache.
 */
import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../cli/support'

const sourceOf = (name: string): string => join(root, 'spec/frameworks', name)

/** The folder in which what a lock file names is installed, with this package beside it. */
export const installed = (name: string): string => {
  const source = sourceOf(name)
  const lock = readFileSync(join(source, 'package-lock.json'))
  const folder = join(
    root,
    'node_modules/.cache/frameworks',
    `${name}-${createHash('sha256').update(lock).digest('hex').slice(0, 8)}`,
  )
  if (existsSync(folder)) return withTools(folder)
  const temporary = `${folder}.${randomUUID()}`
  mkdirSync(temporary, { recursive: true })
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(source, file), join(temporary, file))
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: temporary, stdio: 'pipe' })
    renameSync(temporary, folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return withTools(folder)
}

/** Links what any project has beside: this package, and the compiler of this repository. */
const withTools = (folder: string): string => {
  const links = {
    'agentcore-fp': root,
    ...toolsOf('typescript'),
    ...toolsOf('@types/node'),
    ...toolsOf('undici-types'),
  }
  for (const [name, target] of Object.entries(links)) {
    const link = join(folder, 'node_modules', name)
    if (existsSync(link)) continue
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(target, link, 'junction')
  }
  return folder
}

const toolsOf = (name: string): Readonly<Record<string, string>> => ({ [name]: join(root, 'node_modules', name) })

/** What installing one takes where the cache is empty, in milliseconds. */
export const installing = 180_000

/** A project with an agent of the framework, and a folder for what is made of it that has no `node_modules` above. */
export interface FrameworkProject {
  readonly folder: string
  readonly out: string
}

/** Uses a copy of the sources in a folder of `spec/frameworks`, with packages installed; those of the folder by default. */
export const inFramework = async <A>(
  name: string,
  use: (project: FrameworkProject) => Promise<A>,
  packages = name,
): Promise<A> => {
  const scratch = mkdtempSync(join(tmpdir(), `agentcore-${name}-`))
  const folder = join(scratch, 'project')
  const out = join(scratch, 'out')
  try {
    mkdirSync(folder)
    readdirSync(sourceOf(name))
      .filter((file) => file.endsWith('.mjs'))
      .forEach((file) => copyFileSync(join(sourceOf(name), file), join(folder, file)))
    copyFileSync(join(sourceOf(packages), 'package.json'), join(folder, 'package.json'))
    symlinkSync(join(installed(packages), 'node_modules'), join(folder, 'node_modules'), 'junction')
    return await use({ folder, out })
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The version of Node that the service runs; that of the specs where there is no package of it for this machine. */
export const node22 = (): string => {
  const program = join(installed('node22'), 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node')
  return existsSync(program) ? program : process.execPath
}
