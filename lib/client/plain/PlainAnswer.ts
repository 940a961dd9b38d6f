/**
 * The responses of `createClient`: those of `invoke` without types of fp-ts. What is a left there is thrown here, and what
 * may be absent is `undefined`.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import { orThrow } from '../error/ClientFailure'
import { type Answer, type Head, toText } from '../response/Answer'
import type { Event } from '../response/SseDecoder'
import { throwing } from './Throwing'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The status and the headers of a response, and the way to read all of it. */
export interface PlainHead extends Omit<Head, 'requestId'> {
  readonly requestId: string | undefined
  /**
   * Reads the whole response as text, as a terminal would show it. A stream is read once: either by this or by its loop.
   * Throws `InvalidAnswer` for more than 100 MB, and what the stream ends with.
   */
  readonly toText: () => Promise<string>
}

/**
 * A response by its content type: one JSON value with its text, a stream of events, or bytes. Loops throw a
 * `ClientFailure`; leaving one ends the work of the agent.
 */
export type PlainAnswer =
  | (PlainHead & { readonly _tag: 'Json'; readonly value: unknown; readonly text: string })
  | (PlainHead & { readonly _tag: 'Events'; readonly events: AsyncIterable<PlainEvent> })
  | (PlainHead & { readonly _tag: 'Bytes'; readonly bytes: AsyncIterable<Uint8Array> })

/** One event of a stream. */
export interface PlainEvent extends Omit<Event, 'id'> {
  readonly id: string | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// conversions
// ---------------------------------------------------------------------------------------------------------------------

/** An event without its Option. */
export const toPlainEvent = (event: Event): PlainEvent => ({ ...event, id: O.toUndefined(event.id) })

/** A response as `createClient` gives it. */
export const toPlainAnswer = (answer: Answer): PlainAnswer => {
  const head = {
    requestId: O.toUndefined(answer.requestId),
    toText: async () => orThrow(await toText(answer)()),
  }
  switch (answer._tag) {
    case 'Json':
      return { ...answer, ...head }
    case 'Events':
      return { ...answer, ...head, events: throwing(toPlainEvent)(answer.events) }
    case 'Bytes':
      return { ...answer, ...head, bytes: throwing((bytes: Uint8Array) => bytes)(answer.bytes) }
  }
}
