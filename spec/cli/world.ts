/** Commands in this process, with a world made up, and as processes of their own. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { World } from '../../lib/cli/program/Cli'
import { program } from '../../lib/cli/agentcore'
import { run } from '../../lib/cli/program/Program'
import { root } from './support'

/** What a command has said, and its exit code. */
export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A world without terminals; what is written to it is kept. */
export const worldIn = (
  cwd: string,
  more: Partial<World> = {},
): { readonly world: World; readonly out: () => string; readonly err: () => string } => {
  const texts = { out: '', err: '' }
  const sink = (name: 'out' | 'err'): World['stdout'] => ({
    isTTY: false,
    columns: 80,
    write: (data) => {
      texts[name] += Buffer.from(data).toString('utf8')
      return Promise.resolve()
    },
  })
  const world: World = {
    cwd,
    env: { HOME: cwd },
    stdin: { isTTY: false, stream: Readable.from([]) },
    stdout: sink('out'),
    stderr: sink('err'),
    now: () => Date.now(),
    newId: () => '00000000-0000-4000-8000-000000000007',
    spawn,
    onSignal: () => () => undefined,
    onKey: () => () => undefined,
    outliveOutput: () => undefined,
    ...more,
  }
  return { world, out: () => texts.out, err: () => texts.err }
}

/** Runs a command in this process. */
export const inWorld = async (cwd: string, words: ReadonlyArray<string>, more: Partial<World> = {}): Promise<Said> => {
  const { world, out, err } = worldIn(cwd, more)
  const code = await run(program(), words)(world)()
  return { code, stdout: out(), stderr: err() }
}

/** The file that `agentcore` is. */
export const main = join(root, 'dist/lib/cli/main.js')

/** Runs a command as a process. */
export const agentcore = (
  cwd: string,
  words: ReadonlyArray<string>,
  {
    env = {},
    input = '',
  }: { readonly env?: Readonly<Record<string, string | undefined>>; readonly input?: string } = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], { cwd, env: { ...process.env, ...env } })
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts }))
    child.stdin.on('error', () => undefined) // it may have ended without reading
    child.stdin.end(input)
  })
