/** Callers of an agent that was deployed on this machine, by signature. */

import { agentcore, deployed, deploy, invoke } from './authorized'

const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-of-the-spec' }

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
})
