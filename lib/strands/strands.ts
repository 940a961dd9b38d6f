/** `strands`: a handler around an agent of Strands, whose conversation is the session's state. */
import type { StandardSchema } from '../core/Codec'
import { invalidPayload } from '../core/AgentError'
import { checkFunction } from '../core/Dialect'
import { checkOptions, func, type Shape } from '../core/OptionCheck'
import { toThrown } from '../core/EitherThrow'
import { fromModel } from '../node/failure/ModelFailure'
import { type PlainContext, toFunctional } from '../core/PlainContext'
import type { Event } from '../core/Sse'
import { saving, storing } from '../core/StatefulHandler'
import { type Fields, isRecord, type StrandsAgent, type StrandsEvent, textIn } from './StrandsAgent'
import { toText } from './toText'

/** Options of `strands`. */
export interface StrandsOptions<out Input, in E, in P, out V, in S extends object> {
  /**
   * What the agent is given, by the payload. By default its `prompt`, text or blocks of content; else its `responses`, a list
   * of `{ interruptId, response }`; else the text of the last of its `messages`, as `useChat` sends them.
   */
  readonly input?: (payload: P, context: PlainContext<S>) => Input
  /** What the client sees of the agent's events: `toText` (the default), `toUiMessages` or a function of your own. */
  readonly output?: (events: AsyncIterable<E>) => AsyncIterable<V>
}

const shape: Shape<StrandsOptions<never, never, never, never, never>> = { input: func, output: func }

/**
 * Makes a handler of agents of Strands. `make` gives a new agent for each turn, with its model, tools and system prompt; the
 * conversation is loaded into it from the session's state, and saved when the turn has completed. A turn that fails, is
 * cancelled or is left changes nothing, turns of one session wait for each other, and what the model throws is converted by
 * `AgentError.fromModel`. `context.signal` cancels the agent. A generator function for both dialects: in the functional one,
 * lift it by `Handler.fromGenerator`.
 *
 * @example
 * ```ts
 * import { entrypoint } from 'agentcore-fp/plain'
 * import { type StrandsAgent, strands } from 'agentcore-fp/strands'
 * import { z } from 'zod'
 *
 * // import { Agent } from '@strands-agents/sdk'
 * declare const Agent: new (config: { systemPrompt: string }) => StrandsAgent
 *
 * export const agent = entrypoint(
 *   z.object({ prompt: z.string() }),
 *   strands(() => new Agent({ systemPrompt: 'You are brief' })),
 * )
 * ```
 */
export const strands = <
  Input,
  E extends StrandsEvent = StrandsEvent,
  V = string | Event,
  P = unknown,
  S extends object = {},
>(
  make: (context: PlainContext<S>) => StrandsAgent<Input, E> | Promise<StrandsAgent<Input, E>>,
  options: StrandsOptions<NoInfer<Input>, NoInfer<E>, P, V, S> = {},
): ((payload: P, context: PlainContext<S>) => AsyncGenerator<V, void>) => {
  checkFunction('strands', make)
  checkOptions('strands', shape, options)
  const { input = toInput, output = toText } = options
  const seen = new WeakSet<StrandsAgent>()
  const fresh = async (context: PlainContext<S>): Promise<Loose> => {
    const agent = await make(context)
    if (seen.has(agent)) throw new TypeError(again)
    seen.add(agent)
    return agent as unknown as Loose // what it takes is what it gave, and what `input` says
  }
  return async function* (payload, context) {
    yield* saving(stored, toFunctional(context), async function* (snapshot) {
      const given: unknown = input(payload, context)
      const agent = await fresh(context)
      if (snapshot !== null) agent.loadSnapshot(snapshot)
      try {
        yield* (output as LooseOutput<V>)(agent.stream(given, { cancelSignal: context.signal })) // `toText` if there is none
      } catch (thrown) {
        throw toThrown(fromModel(thrown))
      }
      // The system prompt is that of the program, which may have changed since.
      return agent.takeSnapshot({ preset: 'session', exclude: ['systemPrompt'] })
    })
  }
}

/** An agent as this file uses it, whatever types Strands has for it. */
interface Loose {
  readonly stream: (input: unknown, options: { readonly cancelSignal: AbortSignal }) => AsyncIterable<never>
  readonly takeSnapshot: (options: { readonly preset: string; readonly exclude: ReadonlyArray<string> }) => Snapshot
  readonly loadSnapshot: (snapshot: Snapshot) => void
}

type LooseOutput<V> = (events: AsyncIterable<never>) => AsyncIterable<V>

const again =
  'The function of strands returned an agent that it had returned before. An agent of Strands is one conversation: ' +
  'make a new one in each call'

// ---------------------------------------------------------------------------------------------------------------------
// state
// ---------------------------------------------------------------------------------------------------------------------

/** A conversation as Strands writes it; it checks that itself when it loads one. */
type Snapshot = Fields | null

const snapshots: StandardSchema<Snapshot> = {
  '~standard': {
    version: 1,
    vendor: 'agentcore-fp',
    validate: (value) =>
      value === null || isRecord(value) ? { value } : { issues: [{ message: 'expected a snapshot of Strands' }] },
  },
}

const stored = storing<Snapshot>(snapshots, null)

// ---------------------------------------------------------------------------------------------------------------------
// input
// ---------------------------------------------------------------------------------------------------------------------

const toInput = (payload: unknown): unknown => {
  const { prompt, responses, messages } = isRecord(payload) ? payload : {}
  if (typeof prompt === 'string' || Array.isArray(prompt)) return prompt
  if (Array.isArray(responses)) return responses.map((interruptResponse: unknown) => ({ interruptResponse }))
  const text = Array.isArray(messages) ? textOf(messages.at(-1)) : ''
  if (text !== '') return text
  const message = 'expected { prompt }, { responses } or { messages }'
  throw toThrown(invalidPayload([{ path: '', message }]))
}

/** The text of a UI message. */
const textOf = (message: unknown): string => {
  const parts: unknown = isRecord(message) ? message['parts'] : undefined
  return Array.isArray(parts) ? parts.map((part: unknown) => textIn(part, 'text')).join('') : ''
}
