/** jose that cannot be loaded is a fault of the process, and never of the token. */
import { jwtAuthorizer, AuthorizerConfig } from '../../../lib/auth'
import { createApp, entrypoint, pipe } from '../../../lib/plain'

const config = AuthorizerConfig.decodeOrThrow({
  customJWTAuthorizer: {
    discoveryUrl: 'https://issuer.example.org/.well-known/openid-configuration',
    allowedClients: ['c'],
  },
})

/** Jest mocks ES modules with it; its types do not have it yet. */
type MockModule = (name: string, factory: () => unknown) => void

const modules = jest as typeof jest & { readonly unstable_mockModule: MockModule }

describe('a process that cannot load jose', () => {
  beforeEach(() => {
    modules.unstable_mockModule('jose', () => {
      throw new Error('jose cannot be loaded here')
    })
  })
  afterEach(() => {
    modules.unstable_unmockModule('jose')
  })

  it('answers 500 and logs why, instead of blaming the token', async () => {
    const lines: Array<string> = []
    const agent = pipe(
      jwtAuthorizer(config),
      entrypoint(() => 'hi'),
    )
    const app = createApp(agent, { log: { destination: (line) => void lines.push(line) } })
    const response = await app.inject('/invocations', {
      method: 'POST',
      body: '{}',
      headers: { authorization: 'Bearer e30.e30.c2ln' },
    })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'INTERNAL_ERROR' })
    expect(lines.join('')).toContain('jose cannot be loaded here')
  })
})
