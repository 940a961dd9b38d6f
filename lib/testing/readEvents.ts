/** Reads the events of a streamed response in a test. */
import { createParser } from 'eventsource-parser'

/** One event of a stream. A failure in mid-stream is the last one, with the name `error`. */
export interface ReadEvent {
  /** `message` if the event has no name. */
  readonly event: string
  readonly id?: string
  /** Decoded if it is JSON, else its text. */
  readonly data: unknown
}

/**
 * Reads all events of a response, such as that of `inject`. Rejects if the response is not a stream of events.
 *
 * @example
 * ```ts
 * import { entrypoint } from 'agentcore-fp/plain'
 * import { inject, readEvents } from 'agentcore-fp/testing'
 *
 * const send = inject(
 *   entrypoint(function* () {
 *     yield 'one'
 *     yield 'two'
 *   }),
 * )
 *
 * export const main = async (): Promise<void> => {
 *   await readEvents(await send('/invocations', { method: 'POST', body: '{}' })) // [{ event: 'message', data: 'one' }, …]
 * }
 * ```
 */
export const readEvents = async (response: Response): Promise<ReadonlyArray<ReadEvent>> => {
  const type = response.headers.get('content-type') ?? 'none'
  const text = await response.text()
  if (!type.startsWith('text/event-stream'))
    throw new TypeError(
      `Not a stream of events: status ${response.status}, content type ${type}, ${text.slice(0, 1000)}`,
    )
  const events: Array<ReadEvent> = []
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) =>
      void events.push({ event, ...(id === undefined ? {} : { id }), data: decoded(data) }),
  })
  parser.feed(text)
  return events
}

const decoded = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
