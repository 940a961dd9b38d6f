/** What of `agentcore dev` takes its time: crashes, floods, signals, slow servers, and how fast it restarts. */
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { inProject, node, type Spawned, until, using } from '../support'
import { agentOf, bin, developing, isGone, leavesNothingOn, yaml } from './developing'

const interrupt = async ({ child, ended }: Spawned): Promise<number | NodeJS.Signals | null> => {
  child.kill('SIGINT')
  return ended
}

describe('dev', () => {
  it('restarts on a change in under a second, and leaves nothing of the old server', async () => {
    await developing({ 'agent.ts': agentOf(1), 'lib/words.ts': `export const word = 'one'` }, async (dev) => {
      const { pid } = await dev.ask()
      const times: Array<number> = []
      for (const version of [2, 3, 4]) {
        const began = performance.now()
        const seen = dev.output().length
        dev.project.write('agent.ts', agentOf(version))
        await until(
          () => (dev.output().slice(seen).includes('Restarted') ? true : undefined),
          () => dev.output(),
        )
        times.push(performance.now() - began)
        expect((await dev.ask()).version).toBe(version)
      }
      expect(Math.min(...times)).toBeLessThan(1000)
      await isGone(pid)
    })
  })

  it('keeps it while the new one crashes at its start, and shows its output and how it ended', async () => {
    await developing({ 'agent.ts': agentOf(1) }, async (dev) => {
      dev.project.write('agent.ts', agentOf(2, `console.error('no key'); process.exit(7)`))
      await dev.says(/no key/)
      await dev.says(/The agent exited with code 7\nThe last working version keeps serving/)
      expect((await dev.ask()).version).toBe(1)
    })
  })

  it('tells callers what was thrown', async () => {
    await developing({ 'agent.ts': agentOf(`(() => { throw new Error('no such model') })()`) }, async (dev) => {
      expect(await dev.ask()).toMatchObject({ error: 'no such model', code: 'INTERNAL_ERROR' })
    })
  })

  it('tells of types that do not fit, and runs all the same', async () => {
    await developing({ 'agent.ts': agentOf(1, `export const n: number = 'x'`) }, async (dev) => {
      await dev.says(/agent\.ts:4:14: error TS2322: Type 'string' is not assignable to type 'number'/, 60_000)
      expect((await dev.ask()).version).toBe(1)
    })
  }, 90_000)

  it('starts a crashed server again, ever later, and then waits for a change', async () => {
    const crashing = agentOf(1, `setTimeout(() => { throw new Error('boom') }, 300)`)
    await developing({ 'agent.ts': crashing }, async (dev) => {
      await dev.says(/boom[\s\S]*exited with code 1\nRestarting in 100 ms[\s\S]*Restarting in 1\.0 s/)
      await dev.says(/Restarting in 4\.0 s[\s\S]*Waiting for a source change/)
      const refused = await fetch(`${dev.url}/ping`)
      expect([refused.status, await refused.json()]).toEqual([
        503,
        {
          error: 'The agent is not running: see the output of agentcore dev',
          code: 'NOT_RUNNING',
          requestId: expect.any(String),
        },
      ])
      dev.project.write('agent.ts', agentOf(2))
      await until(
        () => (/Restarted[^]*Restarted[^]*Restarted[^]*Restarted/.test(dev.output()) ? true : undefined),
        () => dev.output(),
      )
      expect((await dev.ask()).version).toBe(2)
    })
  }, 40_000)

  it('answers a request that comes while the server starts', async () => {
    const slow = agentOf(1, `const till = Date.now() + 1500; while (Date.now() < till);`)
    await inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.ts': agentOf(1) }, (project) =>
      using(node([bin, 'dev', '--port', '0'], project.folder), async (dev) => {
        const [, url = ''] = await dev.says(/Ready at (http:\S+)/)
        project.write('agent.ts', slow.replace('version: 1', 'version: 2'))
        await dev.says(/Restarted/)
        const answer = await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })
        expect(await answer.json()).toMatchObject({ version: 2 })
      }),
    )
  })

  it('finishes what the old server has begun: a stream goes to its end, a socket is closed with 1001', async () => {
    const streaming = (version: number): string => `
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import { pipe } from 'fp-ts/function'
const words = Handler.fromGenerator(async function* () { for (let n = 0; n < 8; n += 1) { yield [${version}, n]; await sleep(250) } })
export const app = createApp(pipe(entrypoint(words), websocket(Handler.fromMessages((messages) => messages))))
`
    await developing({ 'agent.ts': streaming(1) }, async (dev) => {
      const answer = await fetch(`${dev.url}/invocations`, { method: 'POST', body: '{}' })
      const socket = new WebSocket(`${dev.url.replace('http', 'ws')}/ws`)
      await once(socket, 'open')
      const closed = once(socket, 'close')
      dev.project.write('agent.ts', streaming(2))
      await dev.says(/Restarted/)
      expect((await closed)[0]).toBe(1001)
      expect((await answer.text()).match(/\[1,\d\]/g)).toHaveLength(8)
      const fresh = await fetch(`${dev.url}/invocations`, { method: 'POST', body: '{}' })
      expect(await fresh.text()).toMatch(/\[2,0\]/)
    })
  })

  it.each(['SIGTERM', 'SIGHUP'] as const)('leaves nothing behind on %s', leavesNothingOn)

  it('ends a server that ignores SIGTERM, and what it has started', async () => {
    const stubborn = `
import { createServer } from 'node:http'
import { spawn } from 'node:child_process'
process.on('SIGTERM', () => console.log('not me'))
const below = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)'])
createServer((_, res) => res.end(JSON.stringify({ version: 1, pid: process.pid, below: below.pid }))).listen(process.env['PORT'])
`
    await developing({ 'agent.ts': stubborn }, async (dev) => {
      const { pid, below } = await dev.ask()
      expect(await interrupt(dev)).toBe(0)
      expect(dev.output()).toMatch(/not me/)
      await isGone(pid)
      await isGone(Number(below))
    })
  })

  it('leaves no server behind when it is killed itself', async () => {
    await developing({ 'agent.ts': agentOf(1) }, async (dev) => {
      const { pid } = await dev.ask()
      dev.child.kill('SIGKILL')
      await isGone(pid)
    })
  })

  it('is not stopped by a flood of output', async () => {
    const flood = agentOf(
      1,
      `setInterval(() => { for (let n = 0; n < 200; n += 1) console.log('x'.repeat(10_000)) }, 5)`,
    )
    await developing({ 'agent.ts': flood }, async (dev) => {
      expect((await dev.ask()).version).toBe(1)
      expect(await interrupt(dev)).toBe(0)
    })
  })

  it('says what to do where the file does not serve', async () => {
    const files = { '.bedrock_agentcore.yaml': yaml, 'agent.ts': 'console.log("done")' }
    await inProject(files, (project) =>
      using(node([bin, 'dev', '--port', '0'], project.folder), async (dev) => {
        await dev.says(/call app\.run\(\)[\s\S]*Waiting for a source change/)
        project.write('agent.ts', agentOf(1))
        await dev.says(/Restarted|Ready/)
        expect(await interrupt(dev)).toBe(0)
      }),
    )
  })

  it('restarts for data that the agent reads by itself, and not for what it writes', async () => {
    const read = `import { readFileSync, writeFileSync } from 'node:fs'
const word = readFileSync('prompt.md', 'utf8')
let asked = 0
const ask = () => { writeFileSync('memory.json', String(asked += 1)); return word }`
    await developing({ 'agent.ts': agentOf('ask()', read), 'prompt.md': 'one' }, async (dev) => {
      const { pid } = await dev.ask()
      await dev.says(/memory\.json changed while the agent was working[^]*No change; not restarting/)
      expect((await dev.ask()).pid).toBe(pid)
      await sleep(1100) // for as long a change may be the agent's
      dev.project.write('prompt.md', 'two')
      await dev.says(/Restarted/)
      expect((await dev.ask()).version).toBe('two')
    })
  })

  it('sees a change of a file that went into the program, though it lies in a hidden folder', async () => {
    const files = {
      'agent.ts': agentOf('word', `import { word } from './.generated/words'`),
      '.generated/words.ts': `export const word = 'one'`,
    }
    await developing(files, async (dev) => {
      dev.project.write('.generated/words.ts', `export const word = 'two'`)
      await dev.says(/Restarted/)
      expect((await dev.ask()).version).toBe('two')
    })
  })

  it.each<readonly [string, string | undefined, string]>([
    ['a mistake', 'export const word = = 1', ''],
    ['a file missing', undefined, ''],
    ['a file missing in a folder of its own', undefined, 'deep/'],
  ])('sees the cure of a first build that failed for %s in a package outside of the folder', async (_, text, below) => {
    const files = {
      'apps/agent/.bedrock_agentcore.yaml': yaml,
      'apps/agent/agent.ts': agentOf('word', `import { word } from 'shared'`),
      'packages/shared/package.json': '{"name":"shared","main":"index.ts"}',
      'packages/shared/index.ts': `export { word } from './${below}word'`,
      ...(text === undefined ? {} : { 'packages/shared/word.ts': text }),
    }
    await inProject(files, async (project) => {
      symlinkSync(join(project.folder, 'packages/shared'), join(project.folder, 'node_modules/shared'))
      await using(node([bin, 'dev', '--port', '0'], join(project.folder, 'apps/agent')), async (dev) => {
        await dev.says(/Nothing is serving until this is fixed/)
        project.write(`packages/shared/${below}word.ts`, `export const word = 'mended'`)
        const [, url = ''] = await dev.says(/Ready at (http:\S+)/)
        const answer = await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })
        expect(await answer.json()).toMatchObject({ version: 'mended' })
      })
    })
  })

  it('calls nothing of AWS', async () => {
    const watcher = `--require ${join(__dirname, 'noNetwork.js')}`
    await developing(
      { 'agent.ts': agentOf(1) },
      async (dev) => {
        expect((await dev.ask()).version).toBe(1)
        expect(dev.output()).not.toMatch(/reached for/)
      },
      [],
      { NODE_OPTIONS: watcher },
    )
  })
})
