import { collect, testContext } from 'agentcore-fp/testing'
import * as E from 'fp-ts/Either'
import { handler } from '../../examples/streaming'
import { allEvents, eventsOf, invoke, running, until } from './support'

describe('examples/streaming', () => {
  const example = running('streaming')

  it('streams word by word, then a named event', async () => {
    const events = await allEvents(invoke(example(), { prompt: 'one two three', pause: 100 }))
    expect(events.map(({ event, data }) => [event, data])).toEqual([
      ['message', 'one'],
      ['message', 'two'],
      ['message', 'three'],
      ['usage', { words: 3 }],
    ])
    expect(events[3]?.id).toBe('3')
    expect((events[2]?.at ?? 0) - (events[0]?.at ?? 0)).toBeGreaterThan(150)
  })

  it('tells a failure in the midst of a stream as its last event', async () => {
    const events = await allEvents(invoke(example(), { prompt: 'one two three', failAfter: 2 }))
    expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'error'])
    expect(events[2]?.data).toMatchObject({
      error: 'The model is overloaded',
      error_type: 'REJECTED',
      details: { words: 2 },
    })
  })

  it('tells a failure before the first word by its status', async () => {
    expect((await invoke(example(), { prompt: 'one', failAfter: 0 })).status).toBe(503)
  })

  it('ends at once when the client leaves', async () => {
    const controller = new AbortController()
    const payload = { prompt: 'alpha beta', pause: 60_000 }
    const response = await invoke(example(), payload, {}, controller.signal)
    const first = await eventsOf(response).next()
    expect(first.value).toMatchObject({ data: 'alpha' })
    controller.abort()
    const isReleased = (): true | undefined =>
      example().output().includes('"words":1,"clientLeft":true') ? true : undefined
    await until(isReleased, example().output)
  })

  it('can be tested as a function', async () => {
    const events = await collect(handler({ prompt: 'a b', pause: 0 }, testContext()))()
    expect(E.isRight(events) && events.right.slice(0, 2)).toEqual(['a', 'b'])
  })
})
