/** Processes that are killed while they write: the file of the agents and the state of sessions are always whole. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { parse } from 'yaml'
import { createApp, entrypoint, Handler, Session } from '../../lib'
import { root, until } from '../cli/support'

jest.setTimeout(300_000) // a minute on a machine that does nothing else

const bin = join(root, 'dist/lib/cli/main.js')

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'agentcore-held-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const started = new Set<ChildProcess>()

// A spec that runs out of time leaves its processes behind.
afterAll(() => started.forEach((child) => child.kill('SIGKILL')))

/** Starts Node. */
const start = (args: ReadonlyArray<string>, cwd: string): ChildProcessByStdio<null, Readable, null> => {
  const child = spawn(process.execPath, [...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

/** Runs Node and kills it after so many milliseconds; undefined lets it end. Gives its exit code. */
const killed = async (args: ReadonlyArray<string>, cwd: string, after?: number): Promise<number | null> => {
  const child = start(args, cwd)
  child.stdout.resume()
  const ended = once(child, 'exit')
  if (after !== undefined) void sleep(after).then(() => child.kill('SIGKILL'))
  await ended
  return child.exitCode
}

/** A number below a bound, the same in each run: the times of the kills are spread, not drawn. */
const spread = (n: number, bound: number): number => (n * 7919) % bound

describe('configure that is killed', () => {
  it('leaves the file whole, 24 times, with every agent that it had', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), 'export const app = 1\n')
      const file = join(folder, '.bedrock_agentcore.yaml')
      const configure = (name: string, after?: number): Promise<number | null> =>
        killed(
          [bin, 'configure', '--name', name, '--entrypoint', 'agent.ts', '--region', 'us-west-2', '--non-interactive'],
          folder,
          after,
        )
      const began = performance.now()
      expect(await configure('first')).toBe(0)
      const took = Math.ceil(performance.now() - began)
      const names = async (): Promise<ReadonlyArray<string>> =>
        Object.keys((parse(await readFile(file, 'utf8')) as { readonly agents: object }).agents)
      let known = await names()
      let cut = 0
      for (let n = 0; n < 24; n += 4) {
        const codes = await Promise.all(
          [n, n + 1, n + 2, n + 3].map((k) => configure(`agent${k}`, took / 2 + spread(k, took * 3))),
        )
        cut += codes.filter((code) => code === null).length
        const now = await names()
        expect(now).toEqual(expect.arrayContaining([...known]))
        known = now
      }
      expect(cut).toBeGreaterThan(4)
      expect(await configure('last')).toBe(0)
      expect(await names()).toContain('last')
    }))
})

describe('a store of sessions that is killed', () => {
  const id = 'held-session'

  /** Saves states, one after the other, until it is killed; says the number of each that is saved. */
  const script = `
    const { Session } = require(${JSON.stringify(join(root, 'dist/lib'))})
    const [folder, name, from] = process.argv.slice(1)
    const store = Session.fileStore(folder)
    const { right: id } = Session.parseId(name)
    const loop = async () => {
      for (let n = Number(from); ; n += 1) {
        await store.save(id, { state: { n, padding: String(n % 10).repeat(200000) }, savedAt: Date.now() })()
        process.stdout.write(n + '\\n')
      }
    }
    loop()`

  /** Lets it save from a number on, kills it, and gives the last number that it said. */
  const savedBy = async (folder: string, name: string, from: number, after: number): Promise<number> => {
    const child = start(['-e', script, folder, name, String(from)], folder)
    const told = { text: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told.text += text))
    await once(child.stdout, 'data')
    await sleep(after)
    child.kill('SIGKILL')
    await once(child, 'close')
    return Number(told.text.trimEnd().split('\n').pop())
  }

  const stateOf = async (folder: string, name: string): Promise<{ readonly n: number; readonly padding: string }> => {
    const parsed = Session.parseId(name)
    if (parsed._tag === 'Left') throw new Error(`${name} is no id`)
    const loaded = await Session.fileStore(folder).load(parsed.right)()
    if (loaded._tag === 'Left' || loaded.right._tag === 'None') throw new Error(`the state of ${name} is lost`)
    return loaded.right.value.state as { readonly n: number; readonly padding: string } // what the script saves
  }

  it.each(['a', 'b', 'c', 'd'])('holds a whole state, 15 times, and none older than was said to be saved: %s', (name) =>
    inFolder(async (folder) => {
      let last = 0
      for (let n = 0; n < 15; n += 1) {
        const saved = await savedBy(folder, name, last + 1, spread(n, 20))
        const state = await stateOf(folder, name)
        expect(state.n).toBeGreaterThanOrEqual(saved)
        expect(state.padding).toBe(String(state.n % 10).repeat(200_000))
        last = state.n
      }
    }),
  )

  it('is swept of what was half-written, and serves the session', () =>
    inFolder(async (folder) => {
      const counting = Handler.stateful(t.number, 0)(() => (count) => () => TE.right([count + 1, count + 1]))
      const app = createApp(entrypoint(counting), {
        session: { store: Session.fileStore(folder) },
        log: { level: 'silent' },
      })
      const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': id }
      for (const count of [1, 2, 3]) {
        expect(await (await app.inject('/invocations', { body: {}, headers })).json()).toBe(count)
      }
      // The lock is released once the response is on its way.
      await until(
        () => (readdirSync(folder).length === 1 ? true : undefined),
        () => 'only the state is left',
        5_000,
      )
    }))
})
