import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { processLauncher, running, shared, startLocalRuntime } from '../../lib/local'
import { openLogFile } from '../../lib/local/launch/LogFile'
import {
  agentFile,
  errorOf,
  eventually,
  invoke,
  isAlive,
  local,
  seen,
  stopSession,
  valueOf,
  withFolder,
} from './support'
import { a, b, vice } from './vices'

describe('an agent that', () => {
  it('never gets ready is given up, in the words of the service', () =>
    local({ agent: vice('never'), limits: { startTimeout: 300 } }, async (at) => {
      const got = await invoke(at, a, {})
      expect(errorOf(got)).toEqual([424, 'RuntimeClientError', 'Runtime initialization time exceeded'])
      expect(got.headers['x-agentcore-local-reason']).toBe('the agent did not respond to /ping within 300 ms')
      expect(at.overview().sessions).toEqual([])
    }))

  it('exits at once is found out at once, with its last words in a file', () =>
    local({ agent: vice('exit') }, async (at) => {
      const began = performance.now()
      const got = await invoke(at, a, {})
      expect(performance.now() - began).toBeLessThan(5000)
      expect(errorOf(got).slice(0, 2)).toEqual([424, 'RuntimeClientError'])
      expect(got.headers['x-agentcore-local-reason']).toBe('the agent exited with code 9 before it responded to /ping')
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

  it('leaves processes behind takes them with it', () =>
    local({}, async (at) => {
      const { pid } = valueOf(await invoke(at, a, { do: 'grandchild' }))
      expect(isAlive(Number(pid))).toBe(true)
      await invoke(at, a, { do: 'crash' })
      await eventually(() => !isAlive(Number(pid)), 'its process has ended')
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

  it('beside another one of the same folder leaves that one’s agents alone', () =>
    local({}, async (at) => {
      await invoke(at, a, {})
      await local({ in: at.folder }, async () => Promise.resolve())
      expect(valueOf(await invoke(at, a, {}))['calls']).toBe(2)
    }))
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
