import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testClock } from '../../../lib/testing'
import {
  errorOf,
  eventually,
  invoke,
  isAlive,
  local,
  seen,
  sessionId,
  stopSession,
  valueOf,
  withFolder,
} from '../support'

const [a, b] = [sessionId('a'), sessionId('b')]

/** An agent that reads what stands beside it, and says whether it works in the folder that it was built in. */
const smallAgent = `
const { readFileSync } = require('node:fs')
require('node:http').createServer((_, res) => {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ greeting: readFileSync('greeting.txt', 'utf8'), isThere: process.cwd() === process.env.PWD }))
}).listen(process.env.PORT, process.env.HOST)`

describe('sessions', () => {
  it('have a process, a folder, a port and a state of their own', () =>
    local({ agent: { env: { COLOUR: 'red' } } }, async (at) => {
      const [first, second] = (
        await Promise.all([a, b].map((id) => invoke(at, id, { do: 'env', text: 'COLOUR' })))
      ).map(valueOf)
      expect([first?.['env'], second?.['env']]).toEqual(['red', 'red'])
      expect(first?.['pid']).not.toBe(second?.['pid'])
      expect(first?.['cwd']).not.toBe(second?.['cwd'])
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
      expect(valueOf(await invoke(at, b, {}))['calls']).toBe(2)
      await invoke(at, a, { do: 'write', text: 'mine' })
      expect(existsSync(`${String(first?.['cwd'])}/mine`)).toBe(true)
      expect(existsSync(`${String(second?.['cwd'])}/mine`)).toBe(false)
    }))

  it('begin in a copy of the built folder, if there is one', () =>
    withFolder(async (built) => {
      writeFileSync(join(built, 'greeting.txt'), 'hello')
      writeFileSync(join(built, 'agent.js'), smallAgent)
      await local({ agent: { file: join(built, 'agent.js'), copyOf: built } }, async (at) => {
        expect(valueOf(await invoke(at, a, {}))).toEqual({ greeting: 'hello', isThere: false })
      })
    }))

  it('start once for what comes at once: what comes second is told to try again, and then finds the session', () =>
    local({}, async (at) => {
      const all = await Promise.all([1, 2, 3].map(() => invoke(at, a, {})))
      expect(all.map(({ status }) => status).sort()).toEqual([200, 409, 409])
      const refused = all.find(({ status }) => status === 409)
      if (refused === undefined) throw new Error('nobody was refused')
      expect(errorOf(refused)).toEqual([
        409,
        'RetryableConflictException',
        'Session operation in progress, please retry',
      ])
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
    }))

  it('take several invocations at once when they are ready', () =>
    local({}, async (at) => {
      await invoke(at, a, {})
      const all = await Promise.all([1, 2, 3].map(() => invoke(at, a, { do: 'sleep', n: 100 })))
      expect(all.map(valueOf).map(({ calls }) => calls)).toEqual([4, 4, 4])
    }))

  it('can be stopped, and start afresh under the same id', () =>
    local({}, async (at) => {
      const { pid } = valueOf(await invoke(at, a, {}))
      expect((await stopSession(at, a)).status).toBe(200)
      expect(isAlive(Number(pid))).toBe(false)
      expect(errorOf(await stopSession(at, a)).slice(0, 2)).toEqual([404, 'ResourceNotFoundException'])
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    }))

  it('refuse what comes while they are being stopped', () =>
    local({ agent: { env: { VICE: 'deaf' } }, limits: { stopTimeout: 500 } }, async (at) => {
      await invoke(at, a, {})
      const stopping = stopSession(at, a)
      await eventually(() => seen(at, a)?.state === 'stopping', 'it is being stopped')
      expect((await invoke(at, a, {})).status).toBe(409)
      expect((await stopSession(at, a)).status).toBe(409)
      expect((await stopping).status).toBe(200)
    }))

  it('end when they are idle, and not before', async () => {
    const clock = testClock(Date.now())
    await local({ clock, pingEvery: 1000 }, async (at) => {
      const { pid } = valueOf(await invoke(at, a, {}))
      await eventually(() => clock.pending() === 1, 'the next ping is planned')
      clock.advance(899_000 - 1)
      await eventually(() => clock.pending() === 1, 'the next ping is planned')
      expect(seen(at, a)?.state).toBe('ready')
      clock.advance(2000)
      await at.logged(/is stopped: it was idle/)
      await eventually(() => seen(at, a) === undefined, 'the session is over')
      expect(isAlive(Number(pid))).toBe(false)
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(1)
    })
  })

  it('are held by background work for as long as /ping says HealthyBusy', async () => {
    const clock = testClock(Date.now())
    await local({ clock, pingEvery: 1000 }, async (at) => {
      await invoke(at, a, { do: 'status-is', text: 'HealthyBusy' })
      clock.advance(1000)
      await eventually(() => seen(at, a)?.status === 'HealthyBusy', 'the ping has told')
      expect(seen(at, a)?.busy).toBe(true)
      clock.advance(1_000_000)
      await eventually(() => clock.pending() === 1, 'the next ping is planned')
      expect(seen(at, a)?.state).toBe('ready')
    })
  })

  it('end with their lifetime, whatever runs', async () => {
    const clock = testClock(Date.now())
    await local({ clock, pingEvery: 1000, lifecycle: { maxLifetime: 600 } }, async (at) => {
      await invoke(at, a, {})
      const cut = invoke(at, a, { do: 'sleep', n: 60_000 })
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      clock.advance(600_000)
      expect(errorOf(await cut).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      expect((await cut).headers['x-agentcore-local-reason']).toBe('it reached maxLifetime')
    })
  })

  it('are said to never become idle where /ping says that its status is always new', () =>
    local({ agent: { env: { VICE: 'now' } }, pingEvery: 20 }, async (at) => {
      await invoke(at, a, {})
      await at.logged(/time_of_last_update of \/ping changes although the status does not/)
    }))

  it('are bounded in number, and the limit answers as the service does', () =>
    local({ limits: { maxSessions: 1 } }, async (at) => {
      await invoke(at, a, {})
      expect(errorOf(await invoke(at, b, {})).slice(0, 2)).toEqual([402, 'ServiceQuotaExceededException'])
      await stopSession(at, a)
      expect((await invoke(at, b, {})).status).toBe(200)
    }))

  it('may be bounded in how many begin in a second', () =>
    local({ limits: { newSessionsPerSecond: 1 }, clock: testClock(0) }, async (at) => {
      await invoke(at, a, {})
      expect(errorOf(await invoke(at, b, {})).slice(0, 2)).toEqual([429, 'ThrottlingException'])
      expect((await invoke(at, a, {})).status).toBe(200)
    }))

  it('are shown on / with what they do', () =>
    local({}, async (at) => {
      const slow = invoke(at, a, { do: 'sleep', n: 300 })
      await eventually(() => seen(at, a)?.tasks.invocations === 1, 'it runs')
      const shown = (await (await fetch(`${at.url}/`)).json()) as Readonly<Record<string, unknown>>
      expect(shown).toMatchObject({
        runtime: { isolation: 'process', url: at.url, pid: process.pid },
        agent: { name: 'spec', arn: at.arn, endpoint: 'DEFAULT' },
        sessions: [
          {
            id: a,
            state: 'ready',
            busy: true,
            status: 'Healthy',
            tasks: { invocations: 1, sockets: 0, background: null },
          },
        ],
        lifecycle: { idleRuntimeSessionTimeout: 900, maxLifetime: 28_800 },
        limits: { maxPayload: 100_000_000 },
      })
      expect(seen(at, a)?.memory).toBeGreaterThan(10_000_000)
      await slow
    }))

  it('are shown on / with the tasks that their agent tells of', () =>
    local({ agent: { file: join(__dirname, '../../../examples/asyncTasks.js') }, pingEvery: 20 }, async (at) => {
      const add = async (name: string): Promise<unknown> =>
        (JSON.parse((await invoke(at, a, { do: 'add', name })).text) as { readonly id: number }).id
      const ids = [await add('read'), await add('tidy')] // the example does not count `tidy` as work
      await eventually(() => seen(at, a)?.tasks.background === 2, 'the ping has told of both')
      expect(seen(at, a)?.busy).toBe(true)
      for (const id of ids) await invoke(at, a, { do: 'complete', id })
      await eventually(() => seen(at, a)?.tasks.background === 0, 'the ping has told of none')
    }))

  it('are shown on / with the memory of what their agent has started', () =>
    local({ pingEvery: 20 }, async (at) => {
      await invoke(at, a, {})
      await eventually(() => seen(at, a)?.memory !== null, 'the memory is known')
      const alone = seen(at, a)?.memory ?? Infinity
      await invoke(at, a, { do: 'grandchild', n: 100 })
      await eventually(() => (seen(at, a)?.memory ?? 0) > alone + 100_000_000, 'the 100 MB are seen')
    }))
})
