/** What the specs of the command line stand on: projects in folders of their own, and processes that end with the spec. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The repository; specs run from `dist/spec/cli`. */
export const root = resolve(__dirname, '../../..')

/** A folder of a project that imports this library as if it were installed, with its files. */
export interface Project {
  readonly folder: string
  readonly write: (path: string, text: string) => string
}

/** Packages of this repository that a project finds, as if they were installed in it. */
const found = ['fp-ts', 'io-ts', 'typescript', 'esbuild', '@types', 'undici-types', 'koa', 'ws']

/** A new project. What it writes goes when `remove` is called. */
export const projectOf = (
  files: Readonly<Record<string, string>>,
  packages: ReadonlyArray<string> = found,
): Project & { readonly remove: () => void } => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'agentcore-')))
  const write = (path: string, text: string): string => {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  const link = (name: string, target: string): void => {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(target, join(folder, 'node_modules', name), 'junction')
  }
  packages.forEach((name) => link(name, join(root, 'node_modules', name)))
  link('agentcore-fp', root)
  Object.entries(files).forEach(([path, text]) => write(path, text))
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }) }
}

/** Uses a new project, and removes it whatever happens. */
export const inProject = async <A>(
  files: Readonly<Record<string, string>>,
  use: (project: Project) => Promise<A>,
): Promise<A> => {
  const { remove, ...project } = projectOf(files)
  try {
    return await use(project)
  } finally {
    remove()
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// processes
// ---------------------------------------------------------------------------------------------------------------------

/** A process, what it has written, and its end. */
export interface Spawned {
  readonly child: ChildProcess
  readonly output: () => string
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves as soon as what it has written matches. Rejects when it ends before, or too much time goes by. */
  readonly says: (what: RegExp, within?: number) => Promise<RegExpExecArray>
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

const started = new Set<ChildProcess>()

// A spec that runs out of time leaves its process behind, which would keep the whole run from ending.
afterAll(() => started.forEach((child) => child.kill('SIGKILL')))

/** Starts `node` with these arguments; another one than that of the specs where it is named. */
export const node = (
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
  program = process.execPath,
): Spawned => {
  const child = spawn(program, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  child.once('exit', () => started.delete(child))
  const texts = { stdout: '', stderr: '', both: '' }
  const looks = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      texts.both += text
      looks.forEach((look) => look())
    })
  }
  const ended = once(child, 'close').then(() => child.exitCode ?? child.signalCode)
  const says = (what: RegExp, within = 15_000): Promise<RegExpExecArray> =>
    new Promise((resolvePromise, reject) => {
      const finish = (): void => {
        looks.delete(look)
        clearTimeout(late)
      }
      const look = (): void => {
        const match = what.exec(texts.both)
        if (match === null) return
        finish()
        resolvePromise(match)
      }
      const fail = (why: string): void => {
        finish()
        reject(new Error(`${why} before it said ${String(what)}: ${texts.both.slice(-4000)}`))
      }
      const late = setTimeout(() => fail(`${within} ms went by`), within)
      looks.add(look)
      void ended.then(() => fail('it ended'))
      look()
    })
  return { child, output: () => texts.both, stdout: () => texts.stdout, stderr: () => texts.stderr, says, ended }
}

/** Uses a process, and kills it afterwards where it still runs. */
export const using = async <A>(spawned: Spawned, use: (spawned: Spawned) => Promise<A>): Promise<A> => {
  try {
    return await use(spawned)
  } finally {
    if (spawned.child.exitCode === null && spawned.child.signalCode === null) spawned.child.kill('SIGKILL')
    await spawned.ended
  }
}

/** Waits until `find` finds something that no event tells of. */
export const until = async <A>(find: () => A | undefined, what: () => string, within = 10_000): Promise<A> => {
  for (const end = Date.now() + within; Date.now() < end; await sleep(10)) {
    const found = find()
    if (found !== undefined) return found
  }
  throw new Error(`It did not happen in time: ${what()}`)
}
