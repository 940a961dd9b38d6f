import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { type LauncherOf, pathOf, processLauncher, running, shared, startLocalRuntime } from '../../lib/local'
import { openLogFile } from '../../lib/local/launch/LogFile'
import {
  agentFile,
  ask,
  errorOf,
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

const [a, b] = [sessionId('a'), sessionId('b')]

const vice = (name: string): { readonly env: Readonly<Record<string, string>> } => ({ env: { VICE: name } })

describe('an agent that', () => {
  it('never gets ready is given up, in the words of the service', () =>
    local({ agent: vice('never'), limits: { startTimeout: 300 } }, async (at) => {
      const got = await invoke(at, a, {})
      expect(errorOf(got)).toEqual([424, 'RuntimeClientError', 'Runtime initialization time exceeded'])
      expect(got.headers['x-agentcore-local-reason']).toBe('the agent did not answer /ping within 300 ms')
      expect(at.overview().sessions).toEqual([])
    }))

  it('exits at once is found out at once, with its last words in a file', () =>
    local({ agent: vice('exit') }, async (at) => {
      const began = performance.now()
      const got = await invoke(at, a, {})
      expect(performance.now() - began).toBeLessThan(5000)
      expect(errorOf(got).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      expect(got.headers['x-agentcore-local-reason']).toBe('the agent exited with code 9 before it answered /ping')
      expect(readFileSync(String(got.headers['x-agentcore-local-log']), 'utf8')).toContain('cannot go on')
    }))

  it('is not there cannot start', () =>
    local({ agent: { file: '/nowhere/agent.js' } }, async (at) => {
      expect((await invoke(at, a, {})).status).toBe(424)
    }))

  it('crashes is answered for with 424, and the next call starts it afresh', () =>
    local({}, async (at) => {
      await invoke(at, a, {})
      const got = await invoke(at, a, { do: 'crash', n: 5 })
      expect(errorOf(got)[0]).toBe(424)
      expect(got.headers['x-agentcore-local-reason']).toBe('the agent exited with code 5')
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))

  it('crashes in the midst of a stream cuts it off, and the next call starts it afresh', () =>
    local({}, async (at) => {
      const got = await invoke(at, a, { do: 'midstream' })
      expect([got.status, got.isWhole, got.text]).toEqual([200, false, 'data: 0\n\n'])
      await at.logged(/exited with code 3/)
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))

  it.each(['garbage', 'close'])('does not speak HTTP (%s) is answered for with 424', (deed) =>
    local({}, async (at) => {
      expect(errorOf(await invoke(at, a, { do: deed })).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
    }),
  )

  it('ignores SIGTERM is killed', () =>
    local({ agent: vice('deaf'), limits: { stopTimeout: 200 } }, async (at) => {
      const { pid } = valueOf(await invoke(at, a, {}))
      expect((await stopSession(at, a)).status).toBe(200)
      expect(isAlive(Number(pid))).toBe(false)
    }))

  it('leaves processes behind takes them with it', () =>
    local({}, async (at) => {
      const { pid } = valueOf(await invoke(at, a, { do: 'grandchild' }))
      expect(isAlive(Number(pid))).toBe(true)
      await invoke(at, a, { do: 'crash' })
      await eventually(() => !isAlive(Number(pid)), 'its process has ended')
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
      await at.logged(/more memory than maxMemory/)
      expect((await cut).status).toBe(424)
      await eventually(() => seen(at, a) === undefined, 'it is gone')
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))

  it('answers /ping no more is shown as unhealthy, and not ended for it', () =>
    local({ pingEvery: 20 }, async (at) => {
      await invoke(at, a, { do: 'mute' })
      await eventually(() => seen(at, a)?.status === 'Unhealthy', 'it is seen')
      expect((await invoke(at, a, {})).status).toBe(200)
    }))
})

describe('a runtime', () => {
  it('says that its port is taken', () =>
    local({}, (at) =>
      withFolder(async (folder) => {
        const launcher = processLauncher({ file: agentFile })
        const second = await startLocalRuntime({ name: 'spec', folder, launcher, port: at.port })()
        expect(second).toEqual(E.left({ _tag: 'PortTaken', host: '127.0.0.1', port: at.port }))
      }),
    ))

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

  it('beside another one of the same folder leaves that one’s agents alone', () =>
    local({}, async (at) => {
      await invoke(at, a, {})
      await local({ in: at.folder }, async () => Promise.resolve())
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
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

describe('without isolation', () => {
  const all = shared(processLauncher({ file: agentFile }))

  it('one agent serves all sessions, and ends with the last', () =>
    local({ launcher: all }, async (at) => {
      const first = valueOf(await invoke(at, a, {}))
      expect(valueOf(await invoke(at, b, {}))).toMatchObject({ pid: first['pid'], calls: 2 })
      await stopSession(at, a)
      expect(isAlive(Number(first['pid']))).toBe(true)
      expect(at.overview().runtime.isolation).toBe('none')
      await stopSession(at, b)
      expect(isAlive(Number(first['pid']))).toBe(false)
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))

  it('a crash ends every session', () =>
    local({ launcher: all }, async (at) => {
      await invoke(at, a, {})
      await invoke(at, b, {})
      await invoke(at, a, { do: 'crash' })
      await eventually(() => at.overview().sessions.length === 0, 'they are gone')
      expect(valueOf(await invoke(at, b, {}))['calls']).toBe(1)
    }))

  it('an agent that runs already serves all sessions, and is left running', async () => {
    const server = createServer((_, res) => res.setHeader('content-type', 'application/json').end('{"is":"here"}'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await local({ launcher: running({ port: (server.address() as AddressInfo).port }) }, async (at) => {
        expect(valueOf(await invoke(at, a, {}))).toEqual({ is: 'here' })
        expect((await stopSession(at, a)).status).toBe(200)
        expect(valueOf(await invoke(at, a, {}))).toEqual({ is: 'here' })
      })
      expect(server.listening).toBe(true)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
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

describe('a file with output', () => {
  it('never grows beyond its bound, and keeps what came last', () =>
    withFolder(async (folder) => {
      const file = await openLogFile(join(folder, 'x.log'), 100)
      for (let i = 0; i < 50; i++) await file.write(Buffer.from(`line ${i}\n`))
      await file.close()
      expect(readFileSync(file.path, 'utf8')).toContain('line 49\n')
      expect(statSync(file.path).size).toBeLessThanOrEqual(100)
      expect(statSync(`${file.path}.1`).size).toBeLessThanOrEqual(100)
    }))
})
