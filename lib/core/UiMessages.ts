/**
 * The UI message stream of the AI SDK, which `useChat` reads: its header, its closing frame, and failures as chunks.
 *
 * @since 0.2.0
 */
import * as TE from 'fp-ts/TaskEither'
import { unencodable } from './AgentError'
import { call } from './Call'
import type { Context } from './Context'
import { orThrow, toThrown } from './EitherThrow'
import type { Framing } from './Framing'
import { type Handler, type Streaming, streaming } from './Handler'
import { fromModelAt } from './ModelError'
import * as Reply from './Reply'
import { raw } from './Sse'
import { iterate } from './TypedStream'

/** A chunk of a UI message stream: each kind has fields of its own. */
export interface UiMessageChunk {
  readonly type: string
}

const done = raw({ data: '[DONE]' })

const framing: Framing = Object.freeze({
  failure: ({ code, message }) => [
    code === 'INTERRUPTED' ? { type: 'abort', reason: message } : { type: 'error', errorText: message },
    done,
  ],
  end: [done],
  early: 'events',
  toError: fromModelAt(Infinity), // the response has begun, so that nobody reads when to retry
} satisfies Framing)

/**
 * Responds 200 with a UI message stream of the AI SDK. `source` is anything that yields its chunks, such as what
 * `toUIMessageStream` returns. A failure is an `error` chunk, also before the first chunk; a session that was cancelled
 * gives an `abort` chunk. What the source throws is classified by `AgentError.fromModel`, and only a fixed message is sent.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler, Reply } from 'agentcore-fp'
 *
 * export const agent = entrypoint(
 *   Handler.fromSync(() =>
 *     Reply.uiMessages([
 *       { type: 'text-start', id: '1' },
 *       { type: 'text-delta', id: '1', delta: 'Hello' },
 *       { type: 'text-end', id: '1' },
 *     ]),
 *   ),
 * )
 * ```
 */
export const uiMessages = <V extends UiMessageChunk>(source: Reply.Source<V>): Reply.Stream<V> =>
  Reply.withHeader('x-vercel-ai-ui-message-stream', 'v1')(Reply.events(source, framing))

/** The chunks of a stream that a handler responds with. */
export type Chunks<A> =
  A extends Reply.Stream<infer V>
    ? V
    : A extends AsyncIterable<infer V> | Iterable<infer V> | AsyncIterator<infer V> | Iterator<infer V>
      ? V
      : never

/**
 * Makes a handler respond with a UI message stream of the AI SDK, whose chunks are those of its stream. The response
 * begins at once: a left of the handler is an `error` chunk like any other failure.
 *
 * @example
 * ```ts
 * import { entrypoint, Handler } from 'agentcore-fp'
 *
 * export const agent = entrypoint(
 *   Handler.uiMessages(
 *     Handler.fromGenerator(async function* () {
 *       yield { type: 'text-start', id: '1' }
 *       yield { type: 'text-delta', id: '1', delta: 'Hello' }
 *       yield { type: 'text-end', id: '1' }
 *     }),
 *   ),
 * )
 * ```
 */
export const fromHandler = <P, A extends Reply.Source<UiMessageChunk> | Reply.Stream<UiMessageChunk>, S extends object>(
  handler: Handler<P, A, S>,
): Streaming<P, Chunks<A>, S> =>
  streaming((payload: P, context: Context<S>) =>
    TE.right(lazily<Chunks<A>>(async () => orThrow(await call(handler(payload, context))))),
  )

/** A UI message stream whose source is made when it is first pulled. */
export const lazily = <V extends UiMessageChunk>(open: () => Promise<unknown>): Reply.Stream<V> => {
  let opened: Promise<AsyncIterator<unknown> | Iterator<unknown>> | undefined
  const iterator: AsyncIterator<V> = {
    next: async () => {
      opened ??= open().then((answer) => iterate(sourceOf(answer)))
      return (await (await opened).next()) as IteratorResult<V> // as the handler is typed
    },
    return: async () => {
      const source = await opened?.catch(() => undefined) // `next` has reported it
      await source?.return?.()
      return { done: true, value: undefined }
    },
  }
  return uiMessages(iterator)
}

const sourceOf = (answer: unknown): Reply.Source => {
  const source = Reply.isReply(answer) && answer.body._tag === 'Events' ? answer.body.source : answer
  if (isPullable(source)) return source
  throw toThrown(unencodable('uiMessages needs a handler that responds with a stream of chunks'))
}

const isPullable = (value: unknown): value is Reply.Source => Reply.isSource(value) || Array.isArray(value)
