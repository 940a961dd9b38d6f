import { inject } from 'agentcore-fp/testing'
import { agent } from '../../examples/middleware'
import { answerOf, connect, invoke, running } from './support'

const ann = { authorization: 'Bearer token-of-ann', 'x-tenant': 'acme' }

describe('examples/middleware', () => {
  const example = running('middleware')

  it('gives the handler its user and tenant', async () => {
    const answer = await answerOf(invoke(example(), { prompt: 'hi' }, ann))
    expect(answer).toEqual([200, { result: 'Hello ann of acme, you said: hi' }])
  })

  it('tells the time that it took', async () => {
    expect((await invoke(example(), { prompt: 'hi' }, ann)).headers.get('x-response-time')).toMatch(/^\d+ ms$/)
  })

  it('refuses who has no token', async () => {
    const response = await invoke(example(), { prompt: 'hi' }, { 'x-tenant': 'acme' })
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: 'Missing bearer token', code: 'REJECTED' })
  })

  it('refuses a tenant that is none', async () => {
    const [status, problem] = await answerOf(invoke(example(), { prompt: 'hi' }, { ...ann, 'x-tenant': '7' }))
    expect(status).toBe(400)
    expect(problem).toMatchObject({ error: 'X-Tenant must be a lower-case name' })
  })

  it('keeps the secrets of a request out of the log', async () => {
    await invoke(example(), { prompt: 'hi' }, { authorization: 'Bearer token-of-mallory' })
    expect(example().output()).not.toContain('token-of-')
  })

  it('answers the preflight of a browser, and /ping, without a token', async () => {
    const headers = { origin: 'https://example.org', 'access-control-request-method': 'POST' }
    const preflight = await fetch(`${example().url}/invocations`, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://example.org')
    expect((await fetch(`${example().url}/ping`)).status).toBe(200)
  })

  it('greets on a socket, and refuses one before the upgrade', async () => {
    const client = await connect(example(), ann)
    expect(await client.hear()).toBe('{"hello":"Hello ann of acme"}')
    expect(await client.closed).toBe(1000)
    await expect(connect(example(), { 'x-tenant': 'acme' })).rejects.toThrow('401')
    await expect(connect(example(), { authorization: ann.authorization })).rejects.toThrow('400')
  })

  it('can be tested without a port', async () => {
    const answer = inject(agent)('/invocations', { method: 'POST', body: '{"prompt":"hi"}', headers: ann })
    expect(await answerOf(answer)).toEqual([200, { result: 'Hello ann of acme, you said: hi' }])
  })
})
