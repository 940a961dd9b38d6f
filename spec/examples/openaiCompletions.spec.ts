import { readEvents } from '../../lib/testing'
import { running } from './support'

const messages = [{ role: 'user', content: 'Hello' }]

describe('examples/openaiCompletions', () => {
  const example = running('openaiCompletions')

  const ask = (body: object, path = '/chat/completions'): Promise<Response> =>
    fetch(`${example().url}${path}`, { method: 'POST', body: JSON.stringify({ model: 'small', messages, ...body }) })

  it('answers with a completion', async () => {
    const completion = (await (await ask({})).json()) as Record<string, unknown>
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'small',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expect.stringContaining('scripted model') },
          finish_reason: 'stop',
        },
      ],
    })
  })

  it('streams chunks, and ends as OpenAI does', async () => {
    const events = await readEvents(await ask({ stream: true }))
    expect(events.at(-1)?.data).toBe('[DONE]')
    expect(events.at(-2)?.data).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }] })
    expect(events.at(0)?.data).toMatchObject({ object: 'chat.completion.chunk', choices: [{ index: 0 }] })
    expect(new Set(events.slice(0, -1).map(({ data }) => (data as { readonly id: string }).id)).size).toBe(1)
  })

  it('answers AgentCore on its own path, and explains what is invalid', async () => {
    expect((await ask({}, '/invocations')).status).toBe(200)
    const response = await ask({ messages: [] })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'messages' }] })
  })
})
