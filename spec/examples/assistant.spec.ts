import { inject, run } from 'agentcore-fp/testing'
import { agent, chat } from '../../examples/assistant'

const time = /^The clock says: "\d+:\d\d:\d\d\s[AP]M"$/

describe('examples/assistant', () => {
  it('remembers its session', async () => {
    const ask = run(chat)
    expect((await ask({ prompt: 'Who am I?' })).join('')).toBe('You have not told me your name yet.')
    expect((await ask({ prompt: 'My name is Ada' })).join('')).toBe('Nice to meet you, Ada.')
    expect((await ask({ prompt: 'Who am I?' })).join('')).toBe('Your name is Ada.')
  })

  it('keeps sessions apart', async () => {
    await run(chat)({ prompt: 'My name is Ada' })
    expect((await run(chat)({ prompt: 'Who am I?' })).join('')).toBe('You have not told me your name yet.')
  })

  it('runs the tool that the model asks for, and remembers that as well', async () => {
    const ask = run(chat)
    expect((await ask({ prompt: 'What time is it in Tokyo?' })).join('')).toMatch(time)
    expect((await ask({ prompt: 'What time is it in Buenos Aires?' })).join('')).toMatch(time)
    expect((await ask({ prompt: 'What time is it in Atlantis?' })).join('')).toContain('I have no clock in Atlantis')
  })

  it('streams words as server-sent events', async () => {
    const response = await inject(agent)('/invocations', { method: 'POST', body: '{"prompt":"My name is Ada"}' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await response.text()).toMatch(/^data: "Nice "\n\n[^]*data: "Ada\."\n\n$/)
  })

  it('rejects a payload without a prompt', async () => {
    const response = await inject(agent)('/invocations', { method: 'POST', body: '{}' })
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'INVALID_PAYLOAD' }),
    ])
  })
})
