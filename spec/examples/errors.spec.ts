import { AgentError } from 'agentcore-fp'
import * as E from 'fp-ts/Either'
import { handler } from '../../examples/errors'
import { answerOf, invoke, running, until } from './support'

describe('examples/errors', () => {
  const example = running('errors')

  it('tells what is wrong with the member that the tag means', async () => {
    const [status, problem] = await answerOf(
      invoke(example(), { type: 'order', items: [{ name: 'tea', count: 'two' }] }),
    )
    expect(status).toBe(400)
    expect(problem).toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: [{ path: 'items[0].count', message: 'expected number, got the string "two"' }],
    })
  })

  it.each([
    [{ type: 'order', items: [] }, 422, { error: 'Order something' }],
    [
      { type: 'order', items: [{ name: 'cake', count: 2 }] },
      409,
      { error: 'Too few of cake', details: { item: 'cake', left: 1 } },
    ],
    [{ type: 'pay', amount: 80 }, 402, { error: 'Not enough credit', details: { missing: 30 } }],
  ])('refuses %j with %i on purpose', async (payload, status, problem) => {
    const answer = await answerOf(invoke(example(), payload))
    expect(answer).toEqual([status, { code: 'REJECTED', requestId: expect.any(String) as string, ...problem }])
  })

  it('answers what is in order', async () => {
    expect(await answerOf(invoke(example(), { type: 'pay', amount: 1 }))).toEqual([200, { result: 'Thank you' }])
  })

  it('logs what is thrown, and shows nothing of it', async () => {
    const [status, problem] = await answerOf(invoke(example(), { type: 'pay', amount: -1 }))
    expect([status, problem]).toEqual([
      500,
      { error: 'Internal Server Error', code: 'INTERNAL_ERROR', requestId: expect.any(String) as string },
    ])
    const isLogged = (): true | undefined =>
      example().output().includes('The till at /var/till is open') ? true : undefined
    await until(isLogged, example().output)
  })

  it('can be tested as a function', async () => {
    expect(await handler({ type: 'pay', amount: 80 })()).toEqual(
      E.left(AgentError.rejected(402, 'Not enough credit', { missing: 30 })),
    )
  })
})
