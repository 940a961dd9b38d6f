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

/** Adds state to a context, which stays the same otherwise. */
export type AddState = <S extends object, P extends object>(context: Context<S>, more: P) => Context<S & P>

/** Adds state to any context, whoever has made it. */
const addToAny: AddState = (context, more) => withState(more)(context)

/**
 * A step with all layers around it; without layers, the step itself. Nothing runs before the task of the step does.
 * `addState` may know more of the context that the step receives than `withState` does, to add state in less time.
 */
export const around =
  <In extends object, Has extends object>(layers: Layers<In, Has>, addState = addToAny) =>
  <S extends In>(innermost: Step<S & Has>): Step<S> =>
    // The type of the list proves that each layer finds the state it requires; the items do not carry the proof.
    (layers.length === 0 ? innermost : enter(layers, innermost, addState)) as Step<S>

/** Runs providers in turn, up to a wrap, which is given the rest. */
const enter =
  (layers: ReadonlyArray<Layer>, innermost: Step<never>, addState: AddState): Step<never> =>
  (given) =>
  async () => {
    let context = given
    let count = 0
    for (const layer of layers) {
      count += 1
      if (layer._tag === 'Wrap') {
        const inner = layers.slice(count)
        const rest = (add: AddState): Step<never> => enter(inner, innermost, add)
        return checked<Reply.Reply>(await call(call(layer.run(keepingState(rest, addState, context)), context)))
      }
      const provided = checked<object>(await call(layer.run(context)))
      if (E.isLeft(provided)) return provided
      context = addState(context, provided.right)
    }
    return innermost(context)()
  }

/** A wrap may pass on another context, but not other state, which only providers determine. */
const keepingState =
  (rest: (addState: AddState) => Step<never>, addState: AddState, context: Context): Step<object> =>
  (changed) => {
    const isSame = changed === context
    const next = rest(isSame ? addState : addToAny) as Step<object> // what the list proves, see `around`
    return next(isSame ? context : { ...changed, state: context.state })
  }
