import { allEvents, answerOf, connect, invoke, running } from './support'

const user = 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-User'

const inSession = (id: string): Readonly<Record<string, string>> => ({
  'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': id,
  [user]: 'ann',
})

describe('examples/plainChat', () => {
  const example = running('plainChat')

  const ask = async (prompt: string, session: string): Promise<string> =>
    (await allEvents(invoke(example(), { prompt }, inSession(session)))).map(({ data }) => data).join('')

  it('remembers from one stream to the next, and keeps sessions apart', async () => {
    expect(await ask('tea', 'one')).toBe('Nice to meet you, ann. ')
    expect(await ask('cake', 'one')).toBe('Before that you said: tea. ')
    expect(await ask('jam', 'two')).toBe('Nice to meet you, ann. ')
  })

  it('remembers on the WebSocket what was streamed', async () => {
    await ask('tea', 'three')
    const client = await connect(example(), inSession('three'))
    client.say('"cake"')
    const words = 'Before that you said: tea.'.split(' ')
    for (const word of words) expect(JSON.parse(await client.hear())).toBe(word)
    client.leave()
    expect(await client.closed).toBe(1000)
  })

  it('refuses who does not say who they are, and a WebSocket alike', async () => {
    expect(await answerOf(invoke(example(), { prompt: 'tea' }))).toEqual([
      403,
      expect.objectContaining({ code: 'REJECTED', error: 'Who are you?' }),
    ])
    await expect(connect(example())).rejects.toThrow(/403/)
  })
})
