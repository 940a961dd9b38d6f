/** Agents and runtimes that misbehave, where that takes its time: memory, floods, kills, hundreds of sessions. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type LauncherOf, pathOf, processLauncher } from '../../lib/local'
import {
  agentFile,
  ask,
  eventually,
  invoke,
  isAlive,
  local,
  ofSession,
  seen,
  sessionId,
  stopSession,
  valueOf,
  withFolder,
} from './support'
import { a, b, vice } from './vices'

describe('an agent that', () => {
  it('ignores SIGTERM is killed', () =>
    local({ agent: vice('deaf'), limits: { stopTimeout: 200 } }, async (at) => {
      const { pid } = valueOf(await invoke(at, a, {}))
      expect((await stopSession(at, a)).status).toBe(200)
      expect(isAlive(Number(pid))).toBe(false)
    }))

  it('floods its output goes on answering, and fills no disk', () =>
    local({ agent: vice('flood') }, async (at) => {
      await invoke(at, a, {})
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
      const folder = join(at.folder, 'logs')
      const sizes = (): ReadonlyArray<number> => readdirSync(folder).map((name) => statSync(join(folder, name)).size)
      expect(Math.max(...sizes())).toBeLessThan(11_000_000)
      expect((await invoke(at, b, {})).status).toBe(200)
    }))

  it('leaks memory is ended at the bound, as a crash', () =>
    local({ limits: { maxMemory: 150_000_000 }, pingEvery: 50 }, async (at) => {
      const { calls } = valueOf(await invoke(at, a, {}))
      expect(calls).toBe(1)
      const cut = invoke(at, a, { do: 'sleep', n: 60_000 })
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      await invoke(at, a, { do: 'leak', n: 200 })
      await at.logged(/exceeded maxMemory/)
      expect((await cut).status).toBe(424)
      await eventually(() => seen(at, a) === undefined, 'it is gone')
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))
})

describe('a runtime', () => {
  const startChild = async (
    folder: string,
  ): Promise<{ readonly child: ChildProcess; readonly port: number; readonly arn: string }> => {
    const child = spawn(process.execPath, [join(__dirname, 'runtimeChild.js'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, ...(JSON.parse(line.toString()) as { readonly port: number; readonly arn: string }) }
  }

  it('that was killed leaves agents that end by themselves, and the next one ends one that cannot', () =>
    withFolder(async (folder) => {
      const { child, port, arn } = await startChild(folder)
      const pids = await Promise.all(
        [a, b].map(async (id) =>
          Number(
            valueOf(await ask({ port }, `${pathOf(arn)}/invocations`, { headers: ofSession(id), body: '{}' }))['pid'],
          ),
        ),
      )
      const [stuck = 0, well = 0] = pids
      process.kill(stuck, 'SIGSTOP')
      child.kill('SIGKILL')
      await once(child, 'exit')
      await eventually(() => !isAlive(well), 'the agent has noticed')
      expect(isAlive(stuck)).toBe(true)
      await local({ in: folder }, async (at) => {
        await eventually(() => !pids.some(isAlive), 'the orphans have ended')
        expect(at.lines.filter(({ message }) => message.includes('left behind')).length).toBe(1)
        expect(readdirSync(join(folder, 'processes'))).toEqual([])
      })
    }))

  it('whose process exits takes its agents with it', () =>
    withFolder(async (folder) => {
      const { child, port } = await startChild(folder)
      const { pid } = valueOf(await ask({ port }, '/invocations', { body: '{}' }))
      child.kill('SIGTERM')
      await once(child, 'exit')
      await eventually(() => !isAlive(Number(pid)), 'the agent has ended')
    }))

  it(
    'loses and leaks nothing of 200 sessions opened, used, stopped, crashed and dropped at random',
    () =>
      local({ limits: { maxSessions: 12 }, pingEvery: 100 }, async (at) => {
        const counts = { answered: 0, lost: 0 }
        const one = async (i: number): Promise<void> => {
          const id = sessionId(`r${i}`)
          const first = await invoke(at, id, { text: String(i) })
          expect(valueOf(first)).toMatchObject({ calls: 1, wish: { text: String(i) } })
          counts.answered += 1
          if (i % 4 === 0) expect((await stopSession(at, id)).status).toBe(200)
          else if (i % 4 === 1) expect((await invoke(at, id, { do: 'crash' })).status).toBe(424)
          else if (i % 4 === 2) {
            const left = new AbortController()
            setImmediate(() => left.abort())
            await fetch(`${at.url}${at.path('invocations')}`, {
              method: 'POST',
              headers: ofSession(id),
              body: JSON.stringify({ do: 'stream', n: 50 }),
              signal: left.signal,
            }).catch(() => (counts.lost += 1))
            expect((await stopSession(at, id)).status).toBe(200)
          } else {
            expect(valueOf(await invoke(at, id, {}))['calls']).toBe(2)
            expect((await stopSession(at, id)).status).toBe(200)
          }
        }
        const next = Array.from({ length: 200 }, (_, i) => i)
        const worker = async (): Promise<void> => {
          for (let i = next.shift(); i !== undefined; i = next.shift()) await one(i)
        }
        await Promise.all(Array.from({ length: 8 }, worker))
        expect(counts.answered).toBe(200)
        expect(at.overview().sessions).toEqual([])
        expect(readdirSync(join(at.folder, 'processes'))).toEqual([])
        expect(readdirSync(join(at.folder, 'sessions'))).toEqual([])
      }),
    120_000,
  )
})

describe('ports', () => {
  it('that someone takes meanwhile are replaced', () => {
    let starts = 0
    const make = processLauncher({ file: agentFile })
    const unlucky: LauncherOf = (surroundings) => {
      const launcher = make(surroundings)
      return {
        ...launcher,
        start: (session) => {
          starts += 1
          const agent = starts < 3 ? { file: join(__dirname, 'portTakenChild.js') } : { file: agentFile }
          return processLauncher(agent)(surroundings).start(session)
        },
      }
    }
    return local({ launcher: unlucky }, async (at) => {
      expect((await invoke(at, a, {})).status).toBe(200)
      expect(starts).toBe(3)
    })
  })
})
