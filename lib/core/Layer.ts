/**
 * Layers around a handler, as data: providers, which add state to the context or reject the request, and wraps.
 * `around` is their one interpreter, for invocations and WebSocket upgrades alike.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { type AgentError, checked } from './AgentError'
import { call } from './Call'
import { type Context, withState } from './Context'
import type * as Reply from './Reply'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Maps a context to a response. */
export type Step<in State extends object> = (context: Context<State>) => TE.TaskEither<AgentError, Reply.Reply>

/** A provider or a wrap. The state that it requires is known to the type of its list only. */
export type Layer =
  | { readonly _tag: 'Provide'; readonly run: (context: Context<never>) => TE.TaskEither<AgentError, object> }
  | { readonly _tag: 'Wrap'; readonly run: (next: Step<object>) => Step<never> }

/** Providers and wraps, outermost first. Together they require the state `In` and add `Has`. */
export interface Layers<in In extends object, out Has extends object> extends ReadonlyArray<Layer> {
  /** Phantom type; never present. */
  readonly [state]?: (given: In) => Has
}

declare const state: unique symbol

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** A layer that adds state or rejects the request. */
export const provider = <P extends object, S extends object>(
  run: (context: Context<S>) => TE.TaskEither<AgentError, P>,
): Layers<S, P> => [{ _tag: 'Provide', run }]

/** A layer that may change the context on the way in and the response on the way out. */
export const wrapper = <S extends object>(run: (next: Step<S>) => Step<S>): Layers<S, {}> => [{ _tag: 'Wrap', run }]

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** A step with all layers around it; without layers, the step itself. */
export const around =
  <In extends object, Has extends object>(layers: Layers<In, Has>) =>
  <S extends In>(innermost: Step<S & Has>): Step<S> =>
    // The type of the list proves that each layer finds the state it requires; the items do not carry the proof.
    layers.reduceRight<Step<never>>((next, layer) => enter(layer, next as Step<object>), innermost) as Step<S>

const enter = (layer: Layer, next: Step<object>): Step<never> => {
  switch (layer._tag) {
    case 'Provide':
      return (context) => {
        const task = layer.run(context)
        return async () => {
          const provided = checked<object>(await call(task))
          return E.isLeft(provided) ? provided : next(withState(provided.right)(context))()
        }
      }
    case 'Wrap':
      return (context) => {
        const task = call(layer.run(keepingState(next, context)), context)
        return async () => checked<Reply.Reply>(await call(task))
      }
  }
}

/** A wrap may pass on another context, but not other state, which only providers determine. */
const keepingState =
  (next: Step<object>, context: Context): Step<object> =>
  (changed) =>
    next(changed === context ? context : { ...changed, state: context.state })
