import { testContext } from 'agentcore-fp/testing'
import * as E from 'fp-ts/Either'
import { handler } from '../../examples/sessionMemory'
import { allEvents, answerOf, invoke, running } from './support'

const inSession = (id: string): Readonly<Record<string, string>> => ({
  'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': id,
})

describe('examples/sessionMemory', () => {
  const example = running('sessionMemory')

  it('remembers from one invocation to the next', async () => {
    const tell = (prompt: string): Promise<readonly [number, unknown]> =>
      answerOf(invoke(example(), { prompt }, inSession('memory')))
    expect(await tell('tea')).toEqual([200, { result: 'This is new to me', turn: 1 }])
    expect(await tell('cake')).toEqual([200, { result: 'Before that you said: tea', turn: 2 }])
    expect(await tell('jam')).toEqual([200, { result: 'Before that you said: tea, cake', turn: 3 }])
  })

  it('keeps sessions apart', async () => {
    await invoke(example(), { prompt: 'secret' }, inSession('first'))
    const [, answer] = await answerOf(invoke(example(), { prompt: 'hi' }, inSession('second')))
    expect(answer).toEqual({ result: 'This is new to me', turn: 1 })
  })

  it('takes invocations of one session one at a time', async () => {
    const all = Array.from({ length: 8 }, () => answerOf(invoke(example(), { prompt: 'x' }, inSession('crowd'))))
    const turns = (await Promise.all(all)).map(([, answer]) => (answer as { readonly turn: number }).turn)
    expect(turns.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('streams, and saves what the generator returned', async () => {
    const ask = async (prompt: string): Promise<string> =>
      (await allEvents(invoke(example(), { prompt, stream: true }, inSession('stream'))))
        .map(({ data }) => data)
        .join(' ')
    expect(await ask('tea')).toBe('This is new to me')
    expect(await ask('cake')).toBe('Before that you said: tea')
  })

  it('can be tested as a function', async () => {
    expect(await handler({ prompt: 'tea' }, testContext())()).toEqual(E.right({ result: 'This is new to me', turn: 1 }))
  })
})
