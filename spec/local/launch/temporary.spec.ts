import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeSealed } from '../../../lib/config/Sealed'
import { processLauncher } from '../../../lib/local'
import { registryIn } from '../../../lib/local/launch/Registry'
import { invoke, local, sessionId, valueOf, withFolder } from '../support'

/** An agent that talks with a tool of its own over a Unix socket in the temporary folder. */
const agent = `
const { createServer } = require('node:http')
const { join } = require('node:path')
const at = join(require('node:os').tmpdir(), 'a-tool-of-this-agent.sock')
require('node:net').createServer().listen(at, () =>
  createServer((req, res) => res.setHeader('content-type', 'application/json')
    .end(req.url === '/ping' ? '{"status":"Healthy"}' : JSON.stringify({ at }))).listen(process.env.PORT, '127.0.0.1'))
`

describe('the temporary folder of a session', () => {
  it('is short enough for Unix sockets wherever the project lies, and ends with the session', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'agent.js')
      await writeFile(file, agent)
      const far = join(folder, ...Array.from({ length: 4 }, () => 'deep'.repeat(10)))
      let path = ''
      await local({ launcher: processLauncher({ file }), in: far }, async (runtime) => {
        path = String(valueOf(await invoke(runtime, sessionId('socket'), {}))['at'])
        expect(path.length).toBeLessThan(104)
        expect(dirname(dirname(path))).toBe(tmpdir())
        expect(existsSync(path)).toBe(true)
      })
      expect(existsSync(dirname(path))).toBe(false)
      expect(readdirSync(join(far, 'sessions'))).toEqual([])
    }))

  it('that a killed runtime left behind is removed, and no other folder for it', () =>
    withFolder(async (state) => {
      const [left, other] = ['agentcore-tmp-', 'other-'].map((prefix) => mkdtempSync(join(tmpdir(), prefix)))
      const elsewhere = join(state, 'agentcore-tmp-abcdef')
      mkdirSync(elsewhere)
      const write = (pid: number, temporary: string | undefined): Promise<void> =>
        writeSealed(join(state, 'processes', `${pid}.json`), {
          ...{ pid, identity: 'a', owner: { pid: 999_998, identity: 'b' }, temporary },
        })
      try {
        await write(999_991, left)
        await write(999_992, other)
        await write(999_993, elsewhere)
        expect(await registryIn(state).recover()).toEqual({ ended: [], ignored: [] })
        expect([left, other, elsewhere].map((path) => existsSync(path ?? ''))).toEqual([false, true, true])
      } finally {
        rmSync(other ?? '', { recursive: true, force: true })
      }
    }))
})
