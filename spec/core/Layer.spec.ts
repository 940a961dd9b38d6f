/** Layers as data, run around a step by one interpreter. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Context, withState } from '../../lib/core/Context'
import { type AddState, around, type Layers, provider, type Step, wrapper } from '../../lib/core/Layer'
import * as Reply from '../../lib/core/Reply'
import { fakeContext, right } from './support'

type AnyLayers = Layers<{}, object>

const show: Step<object> = ({ state }) => TE.right(Reply.json(state))

const noLayers: AnyLayers = []

it('nothing runs before the task of the step does, and all of it again with the task', async () => {
  const trace: Array<string> = []
  const layers: AnyLayers = [
    ...provider((_: Context) => {
      trace.push('provider')
      return TE.right({ user: 'ann' })
    }),
    ...wrapper((next) => (context) => {
      trace.push('wrap')
      return next(context)
    }),
  ]
  const task = around(layers)((context) => {
    trace.push('handler')
    return show(context)
  })(fakeContext({}))
  expect(trace).toEqual([])
  await task()
  await task()
  expect(trace).toEqual(['provider', 'wrap', 'handler', 'provider', 'wrap', 'handler'])
})

it('without layers a step is itself', () => {
  expect(around(noLayers)(show)).toBe(show)
})

describe('a way to add state that knows the first context only', () => {
  type Kind = 'provide' | 'pass' | 'spread' | 'changeSignal'

  const layer = (kind: Kind, at: number): AnyLayers => {
    switch (kind) {
      case 'provide':
        return provider((_: Context) => TE.right({ [`key${at}`]: at }))
      case 'pass':
        return wrapper((next) => (context) => next(context))
      case 'spread':
        return wrapper((next) => (context) => next({ ...context, requestId: `${context.requestId} ${at}`, state: {} }))
      case 'changeSignal':
        return wrapper((next) => (context) => next({ ...context, signal: AbortSignal.abort(at) }))
    }
  }

  const kinds = fc.array(fc.constantFrom('provide', 'pass', 'spread', 'changeSignal'), { maxLength: 8 })

  const seen = async (layers: AnyLayers, addState?: AddState): Promise<unknown> => {
    const step: Step<object> = (context) =>
      TE.right(Reply.json([context.requestId, context.state, context.signal.reason, Object.isFrozen(context.state)]))
    const { body } = right(await around(layers, addState)(step)(fakeContext({}))())
    return body
  }

  it('is asked for contexts that it knows, and all see what they would see without it', () =>
    fc.assert(
      fc.asyncProperty(kinds, async (some) => {
        const known = new WeakSet()
        const asked: Array<boolean> = []
        const addState: AddState = (context, more) => {
          asked.push(context.requestId === 'request-1' && known.has(context))
          const next = pipe(context, withState(more))
          known.add(next)
          return next
        }
        const layers = some.flatMap((kind, at) => [...layer(kind, at)])
        expect(await seen(layers, addState)).toEqual(await seen(layers))
        const changedAt = some.findIndex((kind) => kind === 'spread' || kind === 'changeSignal')
        const before = changedAt < 0 ? some : some.slice(0, changedAt)
        // The first context is the caller's own, all others are those that it has made.
        expect(asked.slice(1).every(Boolean)).toBe(true)
        expect(asked).toHaveLength(before.filter((kind) => kind === 'provide').length)
      }),
    ))
})
