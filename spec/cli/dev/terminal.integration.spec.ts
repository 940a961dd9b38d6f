import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../../lib/node/process/Processes'
import { inProject, node, type Project, root, until } from '../support'
import { hasTmux, inTerminal } from '../tmux'

const bin = join(root, 'dist/lib/cli/main.js')
const isMissing = !hasTmux()

if (isMissing) process.stdout.write('SKIPPED: tmux is not here\n')

const test = isMissing && process.env['CI'] === undefined ? it.skip : it

const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    deployment_type: direct_code_deploy
`

const agent = (version: string): string => `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
exports.app = createApp(entrypoint(Handler.fromSync(() => ({ version: ${version}, pid: process.pid }))))
`

const gone = (pid: number): Promise<true> =>
  until(
    () => (isAlive(pid) ? undefined : true),
    () => `${pid} is gone`,
  )

const hasAws = (): boolean => spawnSync('aws', ['bedrock-agentcore', 'help'], { stdio: 'ignore' }).status === 0

const sh = (line: string, cwd: string): { readonly code: number | null; readonly out: string } => {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd, encoding: 'utf8', timeout: 30_000 })
  return { code: status, out: stdout + stderr }
}

const ask = async (url: string): Promise<{ readonly version: number; readonly pid: number }> =>
  (await (await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })).json()) as { version: number; pid: number }

const inShell = (use: (project: Project, run: string) => Promise<void>): Promise<void> =>
  inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.js': agent('1') }, (project) =>
    use(project, `${process.execPath} ${bin}`),
  )

describe('in a terminal', () => {
  test(
    'dev serves, keeps the last good server, restarts, and ends on Ctrl-C with nothing left',
    () =>
      inShell((project, run) =>
        inTerminal(project.folder, { TERM: 'xterm-256color' }, async ({ type, shows, painted }) => {
          type(`${run} dev --port 0; echo "code $?"`, 'Enter')
          const [, url = ''] = await shows(/Ready at (http:\S+)/)
          expect(painted()).toMatch(/\u001b\[32m/)
          const { pid } = await ask(url)
          project.write('agent.js', agent('='))
          await shows(/agent\.js:3:\d+: Unexpected "="/)
          await shows(/The last working version keeps serving/)
          expect(await ask(url)).toEqual({ version: 1, pid })
          project.write('agent.js', agent('2'))
          await shows(/Restarted at/)
          const fresh = await ask(url)
          expect(fresh.version).toBe(2)
          type('C-c')
          await shows(/code 0/)
          await gone(pid)
          await gone(fresh.pid)
        }),
      ),
    60_000,
  )

  test(
    'NO_COLOR is kept',
    () =>
      inShell((project, run) =>
        inTerminal(project.folder, { TERM: 'xterm-256color', NO_COLOR: '1' }, async ({ type, shows, painted }) => {
          type(`${run} dev --port 0`, 'Enter')
          await shows(/Ready at (http:\S+)/)
          expect(painted()).not.toMatch(/\u001b\[3[1-6]m/)
          type('C-c')
          await shows(/Stopping/)
        }),
      ),
    60_000,
  )

  test(
    'deploy --local tells its steps, and Ctrl-C ends it with its sessions',
    () =>
      inShell((project, run) =>
        inTerminal(project.folder, { TERM: 'xterm-256color' }, async ({ type, shows }) => {
          type(`${run} deploy --local --port 0; echo "code $?"`, 'Enter')
          const [, url = ''] = await shows(/Endpoint {2}(http:\S+)/)
          await shows(/✓ Bundled agent\.js[^\n]*\n✓ The agent started/)
          const { pid } = await ask(url)
          type('C-c')
          await shows(/code 0/)
          await gone(pid)
          expect(existsSync(join(project.folder, '.bedrock_agentcore/local/agent.json'))).toBe(false)
        }),
      ),
    60_000,
  )

  test(
    'what is deployed with --detach outlives the terminal',
    () =>
      inShell(async (project, run) => {
        const url = await inTerminal(project.folder, { TERM: 'xterm' }, async ({ type, shows }) => {
          type(`${run} deploy --local --detach --port 0; echo "code $?"`, 'Enter')
          const [, found = ''] = await shows(/Endpoint {2}(http:\S+)/)
          await shows(/code 0/)
          return found
        })
        expect((await ask(url)).version).toBe(1)
        const stop = node([bin, 'stop', '--json'], project.folder)
        expect(await stop.ended).toBe(0)
        await expect(ask(url)).rejects.toThrow()
      }),
    60_000,
  )
})

describe('an agent that never gets ready', () => {
  it(
    'is told when the time of the service is over, and is ended',
    () =>
      inShell(async (project) => {
        project.write(
          'agent.js',
          `require('fs').writeFileSync(process.env.PID_FILE, String(process.pid)); setInterval(() => 0, 1000)\nexports.f = (x) => x.listen()`,
        )
        const file = join(project.folder, 'pid')
        const deploy = node([bin, 'deploy', '--local', '--detach', '--env', `PID_FILE=${file}`], project.folder)
        expect(await deploy.ended).toBe(1)
        expect(deploy.stderr()).toMatch(/did not respond to \/ping within 30000 ms: the agent must listen on PORT/)
      }),
    90_000,
  )
})

describe('the commands that deploy prints', () => {
  it(
    'work when they are pasted',
    () =>
      inShell(async (project) => {
        const deploy = node([bin, 'deploy', '--local', '--detach', '--json', '--port', '0'], project.folder)
        expect(await deploy.ended).toBe(0)
        const { next } = JSON.parse(deploy.stdout()) as { readonly next: ReadonlyArray<string> }
        expect(next).toHaveLength(5)
        try {
          for (const line of next) {
            const command = line.replace(/^agentcore /, `"${process.execPath}" "${bin}" `)
            const isAws = line.includes('| aws')
            if (isAws && process.env['CI'] === undefined && !hasAws()) {
              process.stdout.write('SKIPPED: aws is not here, or does not know bedrock-agentcore\n')
              continue
            }
            const pasted = sh(command, project.folder)
            expect([line, pasted.code, pasted.out]).toEqual([
              line,
              0,
              expect.stringMatching(line.includes('stop') || line.includes('status') ? /agent/ : /"version": ?1/),
            ])
          }
        } finally {
          await node([bin, 'stop'], project.folder).ended
        }
      }),
    90_000,
  )
})
