/** `--allow-origin` and `--allow-host`: what the command line allows reaches the server that it starts. */
import { request } from 'node:http'
import { join } from 'node:path'
import { inProject, node, root, using } from '../cli/support'

const bin = join(root, 'dist/lib/cli/main.js')

const files = {
  '.bedrock_agentcore.yaml': `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    language: typescript
    deployment_type: direct_code_deploy
`,
  'agent.js': `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
exports.app = createApp(entrypoint(Handler.fromSync((payload) => payload)))
`,
}

const allowing = ['--allow-origin', 'http://localhost:3000', '--allow-host', 'agent.test']

const statusOf = (port: number, headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/invocations', method: 'POST', headers, agent: false })
    asked.once('error', reject)
    asked.once('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.end('{}')
  })

describe('the command line', () => {
  it.each([
    ['dev', ['dev', '--port', '0'], /Ready at http:\/\/127\.0\.0\.1:(\d+)/],
    ['deploy --local', ['deploy', '--local', '--port', '0'], /http:\/\/127\.0\.0\.1:(\d+)/],
  ])(
    '%s allows what its flags name, and nothing else',
    (_, args, ready) =>
      inProject(files, (project) =>
        using(node([bin, ...args, ...allowing], project.folder), async ({ says, child, ended }) => {
          const [, port] = await says(ready, 60_000)
          const status = (headers: Readonly<Record<string, string>>) => statusOf(Number(port), headers)
          expect(await status({})).toBe(200)
          expect(await status({ origin: 'http://localhost:3000' })).toBe(200)
          expect(await status({ host: 'agent.test' })).toBe(200)
          expect(await status({ origin: 'http://localhost:3001' })).toBe(403)
          expect(await status({ host: 'rebind.test' })).toBe(403)
          child.kill('SIGINT')
          await ended
        }),
      ),
    120_000,
  )

  it.each([
    ['--allow-origin', 'localhost:3000'],
    ['--allow-origin', 'http://localhost:3000/path'],
    ['--allow-host', 'http://agent.test'],
  ])(
    'refuses %s %s',
    (flag, value) =>
      inProject(files, async (project) => {
        const { ended, stderr } = node([bin, 'dev', flag, value], project.folder)
        expect([await ended, stderr()]).toEqual([2, expect.stringContaining(`${flag}: expected`)])
      }),
    30_000,
  )
})
