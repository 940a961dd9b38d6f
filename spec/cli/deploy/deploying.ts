/** What the specs of `agentcore deploy` share: a project, deployed until the spec is over. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../../lib/node/process/Processes'
import type { LocalRecord } from '../../../lib/config/LocalRecord'
import { inProject, node, type Project, root, until, using } from '../support'

export const bin = join(root, 'dist/lib/cli/main.js')

export const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    deployment_type: direct_code_deploy
    aws:
      region: eu-west-1
      lifecycle_configuration:
        idle_runtime_session_timeout: 120
        max_lifetime: 240
`

export const agent = (version: number): string => `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
let calls = 0
exports.app = createApp(entrypoint(Handler.fromSync(() => ({
  version: ${version}, calls: ++calls, pid: process.pid, own: process.env.OWN, shell: process.env.SHELL_ONLY, region: process.env.AWS_REGION,
}))))
`

interface Deployed {
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly record: LocalRecord & { readonly next: ReadonlyArray<string> }
}

export const deploy = async ({ folder }: Project, ...args: ReadonlyArray<string>): Promise<Deployed> => {
  const command = node([bin, 'deploy', ...args], folder, { SHELL_ONLY: 'x', AWS_REGION: undefined })
  const code = await command.ended
  const stdout = command.stdout()
  const record = (args.includes('--json') ? JSON.parse(stdout) : {}) as Deployed['record']
  return { code, stdout, stderr: command.stderr(), record }
}

export const background = ['--local', '--detach', '--json'] as const

export const recordPath = ({ folder }: Project): string => join(folder, '.bedrock_agentcore/local/agent.json')

export const gone = (pid: number): Promise<true> =>
  until(
    () => (isAlive(pid) ? undefined : true),
    () => `${pid} is gone`,
    20_000,
  )

/** A project, and at its end nothing of it that runs. */
export const deploying = (
  files: Readonly<Record<string, string>>,
  use: (project: Project) => Promise<void>,
): Promise<void> =>
  inProject({ '.bedrock_agentcore.yaml': yaml, ...files }, async (project) => {
    try {
      await use(project)
    } finally {
      if (existsSync(recordPath(project))) {
        const { pid } = JSON.parse(readFileSync(recordPath(project), 'utf8')) as LocalRecord
        if (isAlive(pid)) process.kill(pid, 'SIGTERM')
        await gone(pid)
      }
    }
  })

export const ask = async (url: string, session = 's'.repeat(36)): Promise<Readonly<Record<string, unknown>>> => {
  const headers = { 'x-amzn-bedrock-agentcore-runtime-session-id': session }
  const answer = await fetch(`${url}/invocations`, { method: 'POST', body: '{}', headers })
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

/** Deploys in the foreground, ends it by a signal, and finds nothing of it left. */
export const leavesNothingOn = async (signal: NodeJS.Signals): Promise<void> => {
  await deploying({ 'agent.js': `${agent(1)}\nconsole.log('hello from inside')` }, (project) =>
    using(node([bin, 'deploy', '--local', '--port', '0'], project.folder), async (command) => {
      const [, url = ''] = await command.says(/Endpoint {2}(http:\S+)/)
      const { pid } = await ask(url)
      await command.says(/ss \| hello from inside/)
      command.child.kill(signal)
      expect(await command.ended).toBe(0)
      expect(existsSync(recordPath(project))).toBe(false)
      await gone(Number(pid))
    }),
  )
}
