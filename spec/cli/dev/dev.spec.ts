import { createServer } from 'node:http'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inProject, node, using } from '../support'
import { agentOf, bin, developing, leavesNothingOn, yaml } from './developing'

describe('dev', () => {
  it('serves from the source, healthy before it says so, with LOCAL_DEV, .env and --env', async () => {
    const files = { 'agent.ts': agentOf(1), '.env': '\ufeffFILE=from-file\nOWN=overruled\n' }
    await developing(
      files,
      async (dev) => {
        expect((await fetch(`${dev.url}/ping`)).status).toBe(200)
        expect(await dev.ask()).toMatchObject({ version: 1, dev: '1', own: 'mine', file: 'from-file' })
      },
      ['--env', 'OWN=mine'],
    )
  })

  it('sees a change of a module, and restarts nothing where the program stays the same', async () => {
    const agent = agentOf('word', `import { word } from './lib/words'`)
    await developing({ 'agent.ts': agent, 'lib/words.ts': `export const word = 'one'` }, async (dev) => {
      const { pid } = await dev.ask()
      dev.project.write('lib/words.ts', `export const word = 'one' // the same`)
      await dev.says(/No change; not restarting/)
      expect((await dev.ask()).pid).toBe(pid)
      dev.project.write('lib/words.ts', `export const word = 'two'`)
      await dev.says(/Restarted/)
      expect((await dev.ask()).version).toBe('two')
    })
  })

  it('keeps the last good server while the source does not compile, and shows what the bundler says', async () => {
    await developing({ 'agent.ts': agentOf(1) }, async (dev) => {
      const { pid } = await dev.ask()
      dev.project.write('agent.ts', agentOf(2, 'const x: = 1'))
      await dev.says(/agent\.ts:4:10: Unexpected "="/)
      await dev.says(/The last working version keeps serving/)
      expect(await dev.ask()).toMatchObject({ version: 1, pid })
      dev.project.write('agent.ts', agentOf(3))
      await dev.says(/Restarted/)
      expect((await dev.ask()).version).toBe(3)
    })
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
    ['an export missing', 'export const other = 1', ''],
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

  it('takes the next free port and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      await inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.ts': agentOf(1) }, (project) =>
        using(node([bin, 'dev', '--port', String(port)], project.folder), async (dev) => {
          await dev.says(new RegExp(`Port ${port} is in use; using port (\\d+)`))
          const [, url = ''] = await dev.says(/Ready at (http:\S+)/)
          expect(url).not.toBe(`http://127.0.0.1:${port}`)
          expect((await fetch(`${url}/ping`)).status).toBe(200)
        }),
      )
    } finally {
      taken.close()
    }
  })

  it('leaves nothing behind on SIGINT', () => leavesNothingOn('SIGINT'))
})
