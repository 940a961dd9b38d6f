/** A context is a value: more state makes another one. */
import * as fc from 'fast-check'
import { withSignal, withState } from '../../lib/core/Context'
import { fakeContext } from './support'

describe('withState', () => {
  it('has the state of before and the new one, and changes nothing else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.nat()), fc.dictionary(fc.string(), fc.nat()), (before, more) => {
        const context = fakeContext(before)
        const next = withState(more)(context)
        expect(Object.entries(next.state).sort()).toEqual(
          Object.entries(Object.fromEntries([...Object.entries(before), ...Object.entries(more)])).sort(),
        )
        expect({ ...next, state: before }).toEqual(context)
        expect(context.state).toBe(before)
      }),
    )
  })

  it('gives a frozen context with frozen state', () => {
    const next = withState({ user: 'ann' })(fakeContext({}))
    expect([next, next.state].map(Object.isFrozen)).toEqual([true, true])
  })

  it('keeps the signal and the capabilities by reference', () => {
    const context = fakeContext({})
    const next = withState({ user: 'ann' })(context)
    expect([next.signal, next.tasks, next.session, next.log]).toEqual([
      context.signal,
      context.tasks,
      context.session,
      context.log,
    ])
    expect(next.signal).toBe(context.signal)
  })

  it('takes over a part that is made on demand without asking for it', () => {
    let asked = 0
    const request = {
      enumerable: true,
      get: () => {
        asked += 1
        return fakeContext({}).request
      },
    }
    const context = Object.defineProperty({ ...fakeContext({}) }, 'request', request)
    const next = withSignal(AbortSignal.abort())(withState({ user: 'ann' })(context))
    expect(asked).toBe(0)
    expect([next.request.method, next.state.user, next.signal.aborted, asked]).toEqual(['POST', 'ann', true, 1])
  })
})
