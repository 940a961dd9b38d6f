import { testContext, testSocket } from 'agentcore-fp/testing'
import { handler } from '../../examples/websocketEcho'
import { connect, running } from './support'

describe('examples/websocketEcho', () => {
  const example = running('websocketEcho')

  it('greets, echoes, and says goodbye', async () => {
    const client = await connect(example())
    expect(await client.hear()).toBe('Say something, or bye')
    client.say('olá {"not": json')
    expect(await client.hear()).toBe('olá {"not": json')
    client.say('bye')
    expect(await client.hear()).toBe('Goodbye')
    expect(await client.closed).toBe(1000)
  })

  it('can be tested as a function', async () => {
    const { socket, sent } = testSocket<unknown>(['hi', 'bye'])
    await handler(socket, testContext())()
    expect(sent).toEqual(['Say something, or bye', 'hi', 'Goodbye'])
  })
})
