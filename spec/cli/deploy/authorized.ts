/** What the specs of `agentcore deploy` share about callers: a deployed agent with an authorizer. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalRecord } from '../../../lib/config/LocalRecord'
import { isAlive } from '../../../lib/node/process/Processes'
import { inProject, node, type Project, root, until } from '../support'

const bin = join(root, 'dist/lib/cli/main.js')

const yaml = (authorizer: string): string => `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.js
    deployment_type: direct_code_deploy
    aws: { region: eu-west-1 }
    authorizer_configuration: ${authorizer}
`

const agent = `
const { createApp, entrypoint, Handler } = require('agentcore-fp')
exports.app = createApp(entrypoint(Handler.fromSync((payload) => payload)))
`

interface Said {
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export const agentcore = async (
  { folder }: Project,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<Said> => {
  const command = node([bin, ...args], folder, env)
  const code = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

export const deployed = (authorizer: string, use: (project: Project) => Promise<void>): Promise<void> =>
  inProject({ '.bedrock_agentcore.yaml': yaml(authorizer), 'agent.js': agent }, async (project) => {
    const path = join(project.folder, '.bedrock_agentcore/local/agent.json')
    try {
      await use(project)
    } finally {
      if (existsSync(path)) {
        const { pid } = JSON.parse(readFileSync(path, 'utf8')) as LocalRecord
        if (isAlive(pid)) process.kill(pid, 'SIGTERM')
        await until(
          () => (isAlive(pid) ? undefined : true),
          () => `${pid} is gone`,
          20_000,
        )
      }
    }
  })

export const deploy = ['deploy', '--local', '--detach', '--json', '--port', '0']

export const invoke = ['invoke', '--local', '{"a":1}']
