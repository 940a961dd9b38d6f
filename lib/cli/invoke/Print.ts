/** Prints responses: JSON pretty in a terminal and unchanged in a pipe, streams as they arrive. */
import { StringDecoder } from 'node:string_decoder'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Answer } from '../../client/response/Answer'
import type { ClientError } from '../../client/error/ClientError'
import type { Event } from '../../client/response/SseDecoder'
import type { Sink } from '../program/Cli'
import { visible } from '../program/TerminalText'

// ---------------------------------------------------------------------------------------------------------------------
// text of values
// ---------------------------------------------------------------------------------------------------------------------

/** Whether it may hold a number that a double does not: those are shown as they came. */
const isPrecise = (text: string): boolean => /\d{16}/.test(text)

/** A JSON answer: pretty in a terminal, in a pipe as it came. */
const jsonText = (value: unknown, text: string, isTTY: boolean): string => {
  if (!isTTY) return text.trim()
  if (typeof value === 'string') return visible(value)
  return isPrecise(text) ? text.trim() : JSON.stringify(value, undefined, 2)
}

/** An event of a stream: a string is a piece of a text, anything else is a line. */
export const eventText = ({ data, isJson, text }: Pick<Event, 'data' | 'isJson' | 'text'>): string =>
  typeof data === 'string' ? (isJson ? data : `${text}\n`) : `${text}\n`

const isText = (contentType: string): boolean => /^(text\/|application\/(xml|yaml|javascript)\b)/.test(contentType)

// ---------------------------------------------------------------------------------------------------------------------
// streams
// ---------------------------------------------------------------------------------------------------------------------

/** Does something with every item of a stream; the first left ends it, and leaving it tells the agent. */
const each = async <A>(
  source: AsyncIterable<E.Either<ClientError, A>>,
  use: (item: A) => Promise<void> | void,
): Promise<E.Either<ClientError, void>> => {
  for await (const step of source) {
    if (E.isLeft(step)) return step
    await use(step.right)
  }
  return E.right(undefined)
}

const printEvents = async (
  events: AsyncIterable<E.Either<ClientError, Event>>,
  sink: Sink,
): Promise<E.Either<ClientError, void>> => {
  let isLineOpen = false
  const end = async (): Promise<void> => {
    if (isLineOpen) await sink.write('\n')
  }
  const result = await each(events, async (event) => {
    const text = sink.isTTY ? visible(eventText(event)) : eventText(event)
    if (text === '') return
    // An object after words begins a line of its own.
    await sink.write(typeof event.data !== 'string' && isLineOpen ? `\n${text}` : text)
    isLineOpen = !text.endsWith('\n')
  })
  await end()
  return result
}

/** Writes bytes: to a pipe as they are, to a terminal as text. */
const partsOn = (sink: Sink): ((part: Uint8Array) => Promise<void>) => {
  if (!sink.isTTY) return sink.write
  const decoder = new StringDecoder('utf8')
  return (part) => sink.write(visible(decoder.write(Buffer.from(part))))
}

/** Prints a response as it arrives. Left: the failure that the stream ends with. */
export const print =
  (sink: Sink) =>
  (answer: Answer): TE.TaskEither<ClientError, void> => {
    switch (answer._tag) {
      case 'Json':
        return TE.fromTask(() => sink.write(`${jsonText(answer.value, answer.text, sink.isTTY)}\n`))
      case 'Events':
        return () => printEvents(answer.events, sink)
      case 'Bytes':
        return sink.isTTY && !isText(answer.contentType)
          ? TE.fromTask(() => sink.write(`(${answer.contentType}; redirect to a file with > FILE)\n`))
          : () => each(answer.bytes, partsOn(sink))
    }
  }

// ---------------------------------------------------------------------------------------------------------------------
// documents
// ---------------------------------------------------------------------------------------------------------------------

const toBody = (answer: Answer): TE.TaskEither<ClientError, Readonly<Record<string, unknown>>> => {
  switch (answer._tag) {
    case 'Json':
      return TE.right({ response: answer.value })
    case 'Events':
      return async () => {
        const events: Array<unknown> = []
        const result = await each(answer.events, ({ event, id, data }) => {
          events.push({ event, ...(O.isSome(id) ? { id: id.value } : {}), data })
        })
        return pipe(
          result,
          E.map(() => ({ events })),
        )
      }
    case 'Bytes':
      return async () => {
        const parts: Array<Uint8Array> = []
        const result = await each(answer.bytes, (part) => void parts.push(part))
        return pipe(
          result,
          E.map(() => {
            const all = Buffer.concat(parts)
            return isText(answer.contentType) ? { response: all.toString('utf8') } : { base64: all.toString('base64') }
          }),
        )
      }
  }
}

/** An answer, whole, as the document of `--json`. Left: what the stream ends with. */
export const toDocument = (answer: Answer): TE.TaskEither<ClientError, Readonly<Record<string, unknown>>> =>
  pipe(
    toBody(answer),
    TE.map((body) => ({
      sessionId: answer.sessionId,
      requestId: O.toNullable(answer.requestId),
      status: answer.status,
      contentType: answer.contentType,
      ...body,
    })),
  )
