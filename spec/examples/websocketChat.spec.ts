import { collect, plainTestContext } from 'agentcore-fp/testing'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { answer } from '../../examples/websocketChat'
import { type Client, connect, running } from './support'

const say = (client: Client, message: unknown): void => client.say(JSON.stringify(message))

/** Messages up to one of the given type, as `token text` or `type`. */
const hearUntil = async (client: Client, type: string): Promise<ReadonlyArray<string>> => {
  const heard: Array<string> = []
  for (;;) {
    const message = JSON.parse(await client.hear()) as { readonly type: string; readonly text?: string }
    heard.push(message.text ?? message.type)
    if (message.type === type) return heard
  }
}

describe('examples/websocketChat', () => {
  const example = running('websocketChat')

  it('answers token by token', async () => {
    const client = await connect(example())
    say(client, { type: 'prompt', text: 'tea' })
    expect(await hearUntil(client, 'done')).toEqual(['Let', 'me', 'think', 'about', 'tea', 'done'])
    client.leave()
    expect(await client.closed).toBe(1000)
  })

  it('stops when it is told to', async () => {
    const client = await connect(example())
    say(client, { type: 'prompt', text: 'tea' })
    expect(JSON.parse(await client.hear())).toEqual({ type: 'token', text: 'Let' })
    say(client, { type: 'stop' })
    const heard = await hearUntil(client, 'stopped')
    expect(heard).not.toContain('tea')
    expect(heard).not.toContain('done')
    client.leave()
    await client.closed
  })

  it('lets a newer prompt interrupt the answer', async () => {
    const client = await connect(example())
    say(client, { type: 'prompt', text: 'tea' })
    await client.hear()
    say(client, { type: 'prompt', text: 'cake' })
    const heard = await hearUntil(client, 'done')
    expect(heard).not.toContain('tea')
    expect(heard.slice(-6)).toEqual(['Let', 'me', 'think', 'about', 'cake', 'done'])
    client.leave()
    await client.closed
  })

  it('closes with 1007 on what is no message of the union', async () => {
    const client = await connect(example())
    say(client, { type: 'shout' })
    expect(await client.closed).toBe(1007)
  })

  it('can be tested as a function', async () => {
    const said = await collect(TE.right(answer({ type: 'stop' }, plainTestContext())))()
    expect(said).toEqual(E.right([{ type: 'stopped' }]))
  })
})
