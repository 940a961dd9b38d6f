/** Who may call an agent that was deployed on this machine: the agent's authorizer says so, or `--auth`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { withOidc } from '../../auth/oidc'
import { agentcore, deployed, deploy, invoke } from './authorized'

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
  it('jwt of an agent without an authorizer, and anything else, are usage errors', () =>
    deployed('null', async (project) => {
      expect((await agentcore(project, [...deploy, '--auth', 'jwt'])).code).toBe(2)
      expect((await agentcore(project, [...deploy, '--auth', 'basic'])).code).toBe(2)
    }))
})
