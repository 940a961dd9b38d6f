import { createServer } from 'node:http'
import { once } from 'node:events'
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
