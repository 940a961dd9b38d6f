import { answerOf, invoke, running } from './support'

const key = { 'x-api-key': 'key-of-ann' }

describe('examples/routes', () => {
  const example = running('routes')

  const ask = (path: string, init: RequestInit = {}): Promise<readonly [number, unknown]> =>
    answerOf(fetch(`${example().url}${path}`, { ...init, headers: { ...key, 'content-type': 'application/json' } }))

  it('answers invocations, and takes feedback on a route', async () => {
    expect(await answerOf(invoke(example(), { prompt: 'hi' }, key))).toEqual([200, { result: 'You said: hi' }])
    expect(await ask('/feedback/5', { method: 'POST', body: '{"text":"good"}' })).toEqual([202, { received: 1 }])
  })

  it('audits both by their route, with the body', async () => {
    await invoke(example(), { prompt: 'audited' }, key)
    await ask('/feedback/4', { method: 'POST', body: '{"text":"fair"}' })
    expect(example().output()).toContain('{"audit":"/invocations","status":200,"body":{"prompt":"audited"}}')
    expect(example().output()).toContain('{"audit":"/feedback/:rating","status":202,"body":{"text":"fair"}}')
  })

  it('has an admin page, and refuses a wrong method and an unknown path', async () => {
    expect(await ask('/admin/tasks')).toEqual([200, { tasks: [] }])
    expect(await ask('/admin/sessions/none/cancel', { method: 'POST' })).toEqual([200, { cancelled: 0 }])
    expect(await ask('/admin/tasks', { method: 'DELETE' })).toMatchObject([405, { code: 'METHOD_NOT_ALLOWED' }])
    expect(await ask('/admin/nothing')).toMatchObject([404, { code: 'NOT_FOUND' }])
  })

  it('guards its routes with the key of the agent', async () => {
    expect((await fetch(`${example().url}/admin/tasks`)).status).toBe(401)
    expect((await invoke(example(), { prompt: 'hi' })).status).toBe(401)
    expect((await fetch(`${example().url}/ping`)).status).toBe(200)
  })
})
