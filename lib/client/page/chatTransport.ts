/**
 * Options for `DefaultChatTransport` of the AI SDK, so that `useChat` talks to an agent: the session of a chat, who asks,
 * and a stop that reaches the agent. Structural: nothing of the AI SDK is imported.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { func, oneOf, type Shape, texts } from '../../core/OptionCheck'
import type { SessionId } from '../../core/Session'
import { orThrow } from '../error/ClientFailure'
import { checked } from '../error/InvalidOption'
import type { ConnectionEnvironment } from '../socket/Connection'
import { sessionName } from '../target/Query'
import { derive } from '../target/SessionId'
import { toUrl } from '../target/Target'
import { type BrowserOptions, browserOptions, toEnvironment } from './BrowserEnvironment'
import { toPageRequest } from './PageRequest'
import { requestStop, type StopOptions, stopOptions } from './StopRequest'

/** The agent, and what it is sent. */
export interface ChatTransportOptions extends BrowserOptions, StopOptions {
  /**
   * Which messages of a chat are sent: `all`, or only the `last`, for an agent that remembers the conversation itself.
   * Default `all`.
   */
  readonly messages?: 'all' | 'last'
  /** The payload, where the agent wants another one than `{ id, messages, trigger, messageId }`. */
  readonly toPayload?: (request: ChatRequest) => unknown
  /** Headers of your own. */
  readonly headers?: Readonly<Record<string, string>>
}

const shape: Shape<ChatTransportOptions> = {
  ...browserOptions,
  ...stopOptions,
  messages: oneOf('all', 'last'),
  toPayload: func,
  headers: texts,
}

/** What `useChat` asks for. */
export interface ChatRequest {
  /** The id of the chat. */
  readonly id: string
  readonly messages: ReadonlyArray<unknown>
  readonly trigger: string
  readonly messageId: string | undefined
}

/** What `DefaultChatTransport` takes. */
export interface ChatTransportSettings {
  readonly api: string
  readonly prepareSendMessagesRequest: (
    request: ChatRequest & { readonly body?: object | undefined },
  ) => Promise<{ readonly body: object; readonly headers: Record<string, string> }>
  readonly fetch: typeof fetch
}

/**
 * Makes the options of a `DefaultChatTransport`. The session id is derived from the id of the chat, so that a chat keeps
 * its session over reloads. Throws a `ClientFailure` for invalid options.
 *
 * @example
 * ```ts
 * import { chatTransport } from 'agentcore-fp/client/browser'
 *
 * // useChat({ transport: new DefaultChatTransport(settings) })
 * export const settings = chatTransport({ url: 'http://localhost:8080', stop: { stop: true } })
 * ```
 */
export const chatTransport = (options: ChatTransportOptions): ChatTransportSettings => {
  const env = orThrow(pipe(options, checked('chatTransport', shape), E.chain(toEnvironment)))
  return {
    api: orThrow(toUrl('invocations')(env.target)),
    prepareSendMessagesRequest: ({ body = {}, ...request }) => prepare(env, options, body, request),
    fetch: stoppingFetch(env, options),
  }
}

const prepare = async (
  env: ConnectionEnvironment,
  { messages: which = 'all', toPayload = (request) => request, headers = {} }: ChatTransportOptions,
  more: object,
  { id, messages, trigger, messageId }: ChatRequest,
): Promise<{ readonly body: object; readonly headers: Record<string, string> }> => {
  const sent = which === 'last' ? messages.slice(-1) : messages
  const body = { ...more, ...(toPayload({ id, messages: sent, trigger, messageId }) as object) } // JSON is sent of it
  const request = pipe(
    toPageRequest({ sessionId: derive(id), payload: body, accept: 'text/event-stream', headers })(env),
    TE.map((prepared) => ({ body, headers: { ...prepared.headers } })),
  )
  return orThrow(await request())
}

/** A `fetch` that also asks the agent to stop when the request is aborted before its response has ended. */
const stoppingFetch =
  (env: ConnectionEnvironment, options: StopOptions): typeof fetch =>
  async (input, init) => {
    const { signal } = init ?? {}
    if (options.stop === undefined || signal === undefined || signal === null) return fetch(input, init)
    const sessionId = new Headers(init?.headers).get(sessionName)
    const onAbort = (): void => {
      if (sessionId !== null) requestStop(env, sessionId as SessionId, options) // that of the request, which was derived
    }
    const forget = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const response = await fetch(input, init)
      return watched(response, forget)
    } catch (cause) {
      if (!signal.aborted) forget()
      throw cause
    }
  }

/** The response, and a call when its body has ended. */
const watched = (response: Response, onEnd: () => void): Response => {
  if (response.body === null) {
    onEnd()
    return response
  }
  const ending = new TransformStream<Uint8Array, Uint8Array>({ flush: onEnd })
  return new Response(response.body.pipeThrough(ending), response)
}
