/** Invokes an agent from a page, and hands over the events of its response as they arrive. */
import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { func, object, required, type Shape, string, texts } from '../../core/OptionCheck'
import type { ClientError } from '../error/ClientError'
import { orThrow } from '../error/ClientFailure'
import { checked } from '../error/InvalidOption'
import { decode, type Event } from '../response/SseDecoder'
import { parseOr } from '../target/SessionId'
import { type BrowserOptions, environment } from './BrowserEnvironment'
import { acceptAll, sendFromPage, toPageRequest } from './PageRequest'
import { requestStop, type StopOptions, stopOptions } from './StopRequest'

/** Options of an invocation. */
export interface StreamInvokeOptions extends StopOptions {
  /** Called for each event, in order. A response of JSON is one event, named `message`. */
  readonly onEvent: (event: Event) => void
  /** 33 to 256 visible ASCII characters. Default: a new session. */
  readonly sessionId?: string
  /** Ends the invocation; with `stop` it also stops the turn in the agent. */
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

const shape: Shape<StreamInvokeOptions> = {
  ...stopOptions,
  onEvent: required(func),
  sessionId: string,
  signal: object,
  headers: texts,
}

/**
 * Invokes an agent, by its URL or as `BrowserOptions` name it, and resolves with the id of the session at the end of the
 * response. Rejects with a `ClientFailure`: what the agent refuses, `StreamFailure` for a failure in the midst of a
 * stream, `Truncated`, `Aborted`, `ConnectionFailed`, and whatever the options are invalid for.
 *
 * @example
 * ```ts
 * import { streamInvoke } from 'agentcore-fp/client/browser'
 *
 * const stopping = new AbortController()
 *
 * export const done = streamInvoke(
 *   'http://localhost:8080',
 *   { prompt: 'Hello' },
 *   { onEvent: ({ data }) => console.log(data), signal: stopping.signal, stop: { stop: true } },
 * )
 * ```
 */
export const streamInvoke = async (
  agent: string | BrowserOptions,
  payload: unknown,
  options: StreamInvokeOptions,
): Promise<{ readonly sessionId: string }> => {
  orThrow(checked('streamInvoke', shape)(options))
  const env = orThrow(environment(typeof agent === 'string' ? { url: agent } : agent))
  const sessionId = orThrow(parseOr(randomUUID)(options.sessionId))
  const { signal, headers = {} } = options
  const onAbort = (): void => requestStop(env, sessionId, options)
  const send = pipe(
    toPageRequest({ sessionId, payload, accept: acceptAll, headers })(env),
    TE.chain((request): TE.TaskEither<ClientError, Response> => sendFromPage(request, { signal })),
  )
  if (signal?.aborted === true) orThrow(E.left<ClientError>({ _tag: 'Aborted' }))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const response = orThrow(await send())
    await readAll(response, signal, options.onEvent)
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  return { sessionId }
}

const readAll = async (
  response: Response,
  signal: AbortSignal | undefined,
  onEvent: (event: Event) => void,
): Promise<void> => {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
    return onEvent(await whole(response))
  for await (const event of decode(chunksOf(response))) {
    if (E.isLeft(event) && signal?.aborted === true) orThrow(E.left<ClientError>({ _tag: 'Aborted' }))
    onEvent(orThrow(event))
  }
}

const whole = async (response: Response): Promise<Event> => {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { event: 'message', id: O.none, data: isJson ? JSON.parse(text) : text, isJson, text }
}

/** By a reader: not every browser iterates over streams. */
async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array, void> {
  const reader = body?.getReader()
  if (reader === undefined) return
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value as Uint8Array // of bytes
  } finally {
    await reader.cancel().catch(() => undefined) // it has ended, or its failure was thrown above
  }
}
