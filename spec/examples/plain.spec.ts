import { run } from 'agentcore-fp/testing'
import { answerOf, invoke, running } from './support'

describe('examples/plain', () => {
  const example = running('plain')

  it('answers a prompt', async () => {
    expect(await answerOf(invoke(example(), { prompt: 'hi' }))).toEqual([200, { result: 'You said: hi' }])
  })

  it('refuses a payload without one', async () => {
    expect(await answerOf(invoke(example(), {}))).toEqual([
      400,
      expect.objectContaining({ code: 'INVALID_PAYLOAD', details: [expect.objectContaining({ path: 'prompt' })] }),
    ])
  })

  it('has handlers that can be called in a test', async () => {
    expect(await run((payload: string) => payload.toUpperCase())('hi')).toBe('HI')
  })
})
