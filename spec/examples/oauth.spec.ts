import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { inject } from 'agentcore-fp/testing'
import { agentFor } from '../../examples/oauth'
import { discoveryUrlOf, freePort, keyOf, type Oidc, protocolsOf, withOidc, configOf } from '../auth/oidc'
import { dial } from '../http/socketSupport'
import { answerOf, invoke, start } from './support'

const configured = (port: number): Readonly<Record<string, string>> => ({
  AUTHORIZER_CONFIG: JSON.stringify({
    customJWTAuthorizer: { discoveryUrl: discoveryUrlOf(port), allowedClients: ['caller'], allowedScopes: ['invoke'] },
  }),
})

const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` })

describe('examples/oauth', () => {
  it('knows who brings a token of the provider, and refuses everyone else', async () => {
    const port = await freePort()
    const example = await start('oauth', configured(port))
    const [key, lines] = [keyOf('first'), example.output]
    await withOidc({ port, keys: [key] }, async (oidc: Oidc) => {
      const token = await oidc.token()
      expect(await answerOf(invoke(example, { prompt: 'hi' }, bearer(token)))).toEqual([
        200,
        { result: 'Hello caller, you said: hi' },
      ])
      const peer = await dial(`${example.url.replace('http', 'ws')}/ws`, { protocols: protocolsOf(token) })
      expect(await peer.next()).toEqual({ hello: 'caller' })
      peer.say('echo')
      expect(await peer.next()).toEqual({ echo: 'echo' })
      peer.ws.close(1000)
      for (const headers of [{}, bearer('x'), bearer(await oidc.token({ scope: 'read' }))]) {
        const response = await invoke(example, { prompt: 'hi' }, headers)
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([
          401,
          `Bearer resource_metadata="${example.url}/invocations/.well-known/oauth-protected-resource"`,
        ])
        expect(await response.json()).toMatchObject({ code: 'UNAUTHORIZED' })
      }
      expect(lines()).not.toContain(token)
    })
    expect((await fetch(`${example.url}/ping`)).status).toBe(200)
    expect(await example.end()).toBe(0)
  })

  it('tells what is wrong with its configuration, and does not start', () => {
    const run = (config: string) =>
      spawnSync(process.execPath, [join(__dirname, '../../examples/oauth.js')], {
        env: { ...process.env, PORT: '0', AUTHORIZER_CONFIG: config },
        encoding: 'utf8',
      })
    expect(run('')).toMatchObject({ status: 1, stderr: expect.stringContaining('AUTHORIZER_CONFIG : not valid JSON') })
    expect(run('{"customJWTAuthorizer":{"discoveryUrl":"x","allowedClients":["c"]}}')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(
        'AUTHORIZER_CONFIG customJWTAuthorizer.discoveryUrl: expected an http or https URL',
      ),
    })
  })

  it('can be tested without a port', async () => {
    const agent = agentFor(configOf({ discoveryUrl: discoveryUrlOf(1), allowedClients: ['caller'] }))
    const response = await inject(agent)('/invocations', { method: 'POST', body: '{"prompt":"hi"}' })
    expect(response.status).toBe(401)
  })
})
