/** What callers see of a failure, by the secret that the process was started with. */
import { type Line, withChild } from '../socketSupport'

const failure = async (env: Readonly<Record<string, string>>, secret?: string): Promise<unknown> => {
  let told: unknown
  await withChild('runChild', { env: { PORT: '0', HOST: '127.0.0.1', ...env } }, async (child) => {
    const { url } = JSON.parse(await child.line('Listening on')) as Line & { readonly url: string }
    const headers = secret === undefined ? {} : { 'x-agentcore-launch-secret': secret }
    const response = await fetch(`${url}/invocations`, { method: 'POST', headers, body: '"throw"' })
    const { code, error } = (await response.json()) as { readonly code: string; readonly error: string }
    told = `${code}: ${error}`
  })
  return told
}

describe('what was thrown', () => {
  it('is shown to callers that have the secret of agentcore dev', async () => {
    expect(await failure({ AGENTCORE_LAUNCH_SECRET: 'development.s' }, 'development.s')).toBe(
      'INTERNAL_ERROR: no such model',
    )
  })

  it('is shown to nobody without that secret, whatever variables and headers say', async () => {
    const hidden = 'INTERNAL_ERROR: Internal Server Error'
    expect(await failure({ LOCAL_DEV: '1', NODE_ENV: 'development' }, 'development.s')).toBe(hidden)
    expect(await failure({ LOCAL_DEV: '1', AGENTCORE_LAUNCH_SECRET: 's' }, 's')).toBe(hidden)
    expect(await failure({ AGENTCORE_LAUNCH_SECRET: 'development.s' }, 'development.t')).toMatch(/^FORBIDDEN_CALLER/)
  })
})
