/**
 * Plain handlers: functions of the payload and the plain context, sync, async or generators. What they throw is their
 * failure.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { fromUnknown } from '../core/AgentError'
import { type Codec, decode } from '../core/Codec'
import { checkFunction, checkPlain, isGenerator, type Plain } from '../core/Dialect'
import { orThrow } from '../core/EitherThrow'
import { fromGenerator, type Handler } from '../core/Handler'
import { type PlainContext, toPlain } from '../core/PlainContext'
import type * as Reply from '../core/Reply'
import type { Settings } from '../core/Tasks'
import { type Chunks, lazily, type UiMessageChunk } from '../core/UiMessages'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Responds to a payload: with any JSON value, a `Reply`, anything that can be streamed, or a promise of one. */
export type PlainHandler<in Payload, out Answer, in State extends object = {}> = (
  payload: Payload,
  context: PlainContext<State>,
) => Answer

/** The response to a stop request: how many invocations were cancelled. */
export interface Cancelled {
  readonly cancelled: number
}

// ---------------------------------------------------------------------------------------------------------------------
// handlers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a handler whose work counts as a background task: while it runs, `/ping` responds with `HealthyBusy`.
 *
 * @example
 * ```ts
 * import { asyncTask, entrypoint } from 'agentcore-fp/plain'
 *
 * export const agent = entrypoint(asyncTask('import', async (payload) => ({ imported: payload })))
 * ```
 */
export const asyncTask = <P, A, S extends object = {}>(
  name: string,
  handler: PlainHandler<P, (A & Plain<A>) | Promise<A & Plain<A>>, S>,
  settings?: Settings,
): PlainHandler<P, Promise<A>, S> => {
  checkFunction('asyncTask', handler)
  return (payload, context) => context.tasks.track<A>(name, () => handler(payload, context), settings)
}

/**
 * Adds a stop button to a handler. A payload that the codec (io-ts or any Standard Schema) accepts is a stop: it cancels the
 * session's other invocations in flight, whoever sent them, and responds with their number. Any other payload goes to the
 * handler.
 *
 * @example
 * ```ts
 * import { cancellable, entrypoint } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * const Stop = z.object({ stop: z.literal(true) })
 * const Prompt = z.object({ prompt: z.string() })
 *
 * export const agent = entrypoint(
 *   z.union([Stop, Prompt]),
 *   cancellable(Stop, async function* ({ prompt }: z.infer<typeof Prompt>) {
 *     yield* prompt.split(' ')
 *   }),
 * )
 * ```
 */
export const cancellable = <Stop, P, A, S extends object = {}>(
  stop: Codec<Stop>,
  handler: PlainHandler<P, A | Promise<A>, S>,
): PlainHandler<Stop | NoInfer<P>, Promise<A | Cancelled>, S> => {
  checkFunction('cancellable', handler)
  const isStop = decode(stop)
  return async (payload, context) =>
    E.isRight(await isStop(payload)) ? { cancelled: context.session.cancel() } : await handler(payload as P, context) // what is no stop
}

/**
 * Makes a handler respond with a UI message stream of the AI SDK, which `useChat` reads: the chunks are those that the
 * generator yields, or those of the stream that the function returns. The response begins at once, and whatever the
 * handler throws is an `error` chunk, told by `AgentError.fromModel`.
 *
 * @example
 * ```ts
 * import { entrypoint, uiMessages } from 'agentcore-fp/plain'
 *
 * export const agent = entrypoint(
 *   uiMessages(async function* () {
 *     yield { type: 'text-start', id: '1' }
 *     yield { type: 'text-delta', id: '1', delta: 'Hello' }
 *     yield { type: 'text-end', id: '1' }
 *   }),
 * )
 * ```
 */
export const uiMessages = <
  P,
  A extends Reply.Source<UiMessageChunk> | Reply.Stream<UiMessageChunk>,
  S extends object = {},
>(
  handler: PlainHandler<P, A | Promise<A>, S>,
): PlainHandler<P, Reply.Stream<Chunks<A>>, S> => {
  checkFunction('uiMessages', handler)
  return (payload, context) => lazily<Chunks<A>>(async () => orThrow(checkPlain(await handler(payload, context))))
}

// ---------------------------------------------------------------------------------------------------------------------
// the lift
// ---------------------------------------------------------------------------------------------------------------------

/** The functional handler of a plain one. A generator function always streams. */
export const fromPlain = <P, A, S extends object>(f: PlainHandler<P, A, S>): Handler<P, unknown, S> => {
  // A generator function returns an iterator, whatever the type of its answer says.
  if (isGenerator(f)) return fromGenerator(f as PlainHandler<P, AsyncIterable<unknown>, S>)
  return (payload, context) => async () => {
    try {
      return checkPlain<unknown>(await f(payload, toPlain(context)))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  }
}
