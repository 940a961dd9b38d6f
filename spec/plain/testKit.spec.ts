/** The test kit for plain functions. */
import { z } from 'zod'
import { type Context, latest, rejected, Reply, stateful, asyncTask } from '../../lib/plain'
import { plainTestContext, run } from '../../lib/testing'

describe('run', () => {
  it('resolves with the answer of a handler', async () => {
    expect(await run(async (n: number, { userId }) => `${n} ${userId}`, { userId: 'ann' })(7)).toBe('7 ann')
    expect(await run(asyncTask('x', (n: number) => n + 1))(7)).toBe(8)
  })

  it('resolves with the values of a stream', async () => {
    const words = async function* (text: string): AsyncGenerator<string> {
      yield* text.split(' ')
    }
    const values: ReadonlyArray<string> = await run(words)('one two')
    expect(values).toEqual(['one', 'two'])
  })

  it('rejects with what is thrown, an Error with its message', async () => {
    const refuse = run(() => {
      throw rejected(409, 'Sold out')
    })
    await expect(refuse(1)).rejects.toThrow('Sold out')
    const fault = new RangeError('mine')
    await expect(run(async () => Promise.reject(fault))(1)).rejects.toBe(fault)
    await expect(
      run(async function* () {
        yield 1
        throw fault
      })(1),
    ).rejects.toBe(fault)
  })

  it('keeps the state of the session from one call to the next', async () => {
    const counting = run(stateful(z.number(), 0, (_: unknown, n) => [n + 1, n + 1]))
    expect([await counting(1), await counting(1)]).toEqual([1, 2])
  })

  it('gives a reply as it is', async () => {
    expect(await run(() => Reply.withStatus(201)(Reply.json(1)))(1)).toMatchObject({ status: 201 })
  })
})

it('plainTestContext has effects that a test can see', async () => {
  const lines: Array<string> = []
  const context: Context<{ user: string }> = plainTestContext({
    state: { user: 'ann' },
    onLog: (level, message) => void lines.push(`${level} ${message}`),
  })
  context.log.warn('careful')
  await context.session.save([1])
  expect([context.state.user, await context.session.load(), lines]).toEqual(['ann', [1], ['warn careful']])
})

it('a context made by hand is told apart where the session is needed', async () => {
  const counting = stateful(z.number(), 0, (_: unknown, n) => [n, n])
  await expect(counting({}, { sessionId: 'mine' } as unknown as Context)).rejects.toThrow('plainTestContext()')
  expect(latest((n: number) => [n])._tag).toBe('Talk')
})
