/** Who may call an agent that was deployed on this machine: the agent's authorizer says so, or `--auth`. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalRecord } from '../../../lib/config/LocalRecord'
import { isAlive } from '../../../lib/node/process/Processes'
import { withOidc } from '../../auth/oidc'
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

const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-of-the-spec' }

interface Said {
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const agentcore = async (
  { folder }: Project,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<Said> => {
  const command = node([bin, ...args], folder, env)
  const code = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

const deployed = (authorizer: string, use: (project: Project) => Promise<void>): Promise<void> =>
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

const deploy = ['deploy', '--local', '--detach', '--json', '--port', '0']

const invoke = ['invoke', '--local', '{"a":1}']

describe('deploy --local of an agent with an authorizer', () => {
  it(
    'lets in whoever brings a token of its provider, and nobody else',
    () =>
      withOidc({}, async ({ discoveryUrl, token }) => {
        const config = JSON.stringify({ customJWTAuthorizer: { discoveryUrl, allowedClients: ['caller'] } })
        await deployed(config, async (project) => {
          const { code, stdout } = await agentcore(project, deploy)
          expect(code).toBe(0)
          expect(JSON.parse(stdout)).toMatchObject({ auth: 'jwt' })
          expect(await agentcore(project, invoke)).toMatchObject({ code: 1, stdout: '' })
          expect(await agentcore(project, [...invoke, '--bearer-token', 'wrong'])).toMatchObject({
            code: 1,
            stdout: '',
          })
          const letIn = await agentcore(project, [...invoke, '--bearer-token', await token()])
          expect(letIn).toMatchObject({ code: 0 })
          expect(JSON.parse(letIn.stdout)).toEqual({ a: 1 })
        })
      }),
    60_000,
  )

  it('names what is wrong with the authorizer before anything is built', () =>
    deployed('{"customJWTAuthorizer": {"discoveryUrl": "https://idp.example"}}', async (project) => {
      const { code, stderr } = await agentcore(project, ['deploy', '--local', '--detach'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/authorizer_configuration: customJWTAuthorizer\.discoveryUrl/)
      expect(existsSync(join(project.folder, '.bedrock_agentcore/agent'))).toBe(false)
    }))
})

describe('deploy --local --auth', () => {
  it(
    'sigv4 lets in whoever signs with the AWS credentials of this machine',
    () =>
      deployed('null', async (project) => {
        const { code, stdout } = await agentcore(project, [...deploy, '--auth', 'sigv4'], keys)
        expect(code).toBe(0)
        expect(JSON.parse(stdout)).toMatchObject({ auth: 'sigv4' })
        expect((await agentcore(project, invoke, keys)).code).toBe(0)
        const wrong = { ...keys, AWS_SECRET_ACCESS_KEY: 'wrong' }
        const refused = await agentcore(project, invoke, wrong)
        expect(refused.code).toBe(1)
        expect(refused.stderr).toMatch(/AccessDeniedException/)
        expect(refused.stderr).not.toMatch(/wrong|secret-of-the-spec/)
      }),
    60_000,
  )

  it('jwt of an agent without an authorizer, and anything else, are usage errors', () =>
    deployed('null', async (project) => {
      expect((await agentcore(project, [...deploy, '--auth', 'jwt'])).code).toBe(2)
      expect((await agentcore(project, [...deploy, '--auth', 'basic'])).code).toBe(2)
    }))
})
