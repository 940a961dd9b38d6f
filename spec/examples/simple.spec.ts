import { inject } from 'agentcore-fp/testing'
import { agent } from '../../examples/simple'
import { answerOf, invoke, running } from './support'

describe('examples/simple', () => {
  const example = running('simple')

  it('answers a prompt', async () => {
    expect(await answerOf(invoke(example(), { prompt: 'hi' }))).toEqual([200, { result: 'You said: hi' }])
  })

  it('refuses a payload without one, with a path', async () => {
    const [status, problem] = await answerOf(invoke(example(), {}))
    expect(status).toBe(400)
    expect(problem).toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: [{ path: 'prompt', message: 'expected string, got nothing' }],
    })
  })

  it('can be tested without a port', async () => {
    const response = await inject(agent)('/invocations', { method: 'POST', body: '{"prompt":"hi"}' })
    expect(await response.json()).toEqual({ result: 'You said: hi' })
  })
})
