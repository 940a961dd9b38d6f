/** Runs the agent's layers around a step: for an invocation, and for the upgrade of a WebSocket. */
import { Readable } from 'node:stream'
import * as E from 'fp-ts/Either'
import { type AgentError, checked, fromUnknown } from '../../core/AgentError'
import { around, type Layers, type Step } from '../../core/Layer'
import type { Reply, Source } from '../../core/Reply'
import { addState, toContext } from '../request/RequestContext'
import { onInterrupt } from '../request/InFlight'
import { type RequestScope, toLog } from '../request/RequestScope'
import { toIterator } from '../stream/SourcePull'

/** The outcome of a request: the reply of the innermost step or of a wrap in its place, or a failure. */
export type Outcome = E.Either<AgentError, Reply>

/** Runs the layers around an innermost step. An interruption of the scope settles the outcome at once. */
export const runLayers = (scope: RequestScope, layers: Layers<{}, {}>, innermost: Step<{}>): Promise<Outcome> =>
  unlessInterrupted(scope, () => {
    const context = toContext(scope)
    return scope.runtime.ambient.run(context, () => around(layers, addState)(innermost)(context)())
  })

const unlessInterrupted = (scope: RequestScope, run: () => Promise<Outcome>): Promise<Outcome> =>
  new Promise((resolve) => {
    let isOver = false
    onInterrupt(scope, (reason) => {
      isOver = true
      resolve(E.left(reason))
    })
    const late = (thrown: unknown): void =>
      toLog(scope).warn('A handler failed after its scope was over', { error: thrown })()
    const settle = (result: unknown): void => {
      const outcome = checked<Reply>(result)
      if (!isOver) return resolve(outcome)
      if (E.isRight(outcome) && outcome.right.body._tag === 'Events') discard(outcome.right.body.source, late)
    }
    const onThrow = (thrown: unknown): void => (isOver ? late(thrown) : resolve(E.left(fromUnknown(thrown))))
    try {
      run().then(settle, onThrow)
    } catch (thrown) {
      onThrow(thrown)
    }
  })

/** Closes a source that nobody will read. */
export const discard = (source: Source, report: (cause: unknown) => void): void => {
  if (source instanceof Readable) return void source.on('error', report).destroy()
  const closing = async (): Promise<unknown> => toIterator(source).return?.()
  closing().catch(report)
}
