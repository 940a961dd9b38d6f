/** Prints responses: JSON pretty in a terminal and unchanged in a pipe, streams as they arrive. */
import { StringDecoder } from 'node:string_decoder'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Answer } from '../../client/response/Answer'
import type { ClientError } from '../../client/error/ClientError'
import type { Event } from '../../client/response/SseDecoder'
import { format, parse } from '../document/ExactJson'
import type { Sink } from '../program/Cli'
import { visible } from '../program/TerminalText'

// ---------------------------------------------------------------------------------------------------------------------
// text of values
// ---------------------------------------------------------------------------------------------------------------------

/** The value of a JSON text with the digits of its numbers; other text is itself. */
export const toExact = (text: string): unknown =>
  pipe(
    parse(text),
    E.getOrElse((): unknown => text),
  )

/** A JSON answer: pretty in a terminal, in a pipe as it came. */
const jsonText = (text: string, isTTY: boolean): string => {
  if (!isTTY) return text.trim()
  const value = toExact(text)
  return typeof value === 'string' ? visible(value) : format(value, 2)
}

/** An event of a stream: a string is a piece of a text, anything else is a line. */
export const eventText = ({ data, isJson, text }: Pick<Event, 'data' | 'isJson' | 'text'>): string =>
  typeof data === 'string' ? (isJson ? data : `${text}\n`) : `${text}\n`

const isText = (contentType: string): boolean =>
  /^(text\/|application\/(xml|yaml|javascript)\b)/.test(contentType) || isJsonType(contentType)

/** Of an answer in bytes: text that claims to be JSON, or JSON that JavaScript cannot hold. */
const isJsonType = (contentType: string): boolean => /^[^;]*[/+]json\b/.test(contentType)

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

/** Prints bytes: to a pipe as they are, to a terminal as text that ends with a line break. */
const printBytes = async (
  bytes: AsyncIterable<E.Either<ClientError, Uint8Array>>,
  sink: Sink,
): Promise<E.Either<ClientError, void>> => {
  if (!sink.isTTY) return each(bytes, sink.write)
  const decoder = new StringDecoder('utf8')
  let last = '\n'
  const result = await each(bytes, (part) => {
    const text = visible(decoder.write(Buffer.from(part)))
    last = text.at(-1) ?? last
    return sink.write(text)
  })
  if (last !== '\n') await sink.write('\n')
  return result
}

/** Prints a response as it arrives. Left: the failure that the stream ends with. */
export const print =
  (sink: Sink) =>
  (answer: Answer): TE.TaskEither<ClientError, void> => {
    switch (answer._tag) {
      case 'Json':
        return TE.fromTask(() => sink.write(`${jsonText(answer.text, sink.isTTY)}\n`))
      case 'Events':
        return () => printEvents(answer.events, sink)
      case 'Bytes':
        return sink.isTTY && !isText(answer.contentType)
          ? TE.fromTask(() => sink.write(`(${answer.contentType}; redirect to a file with > FILE)\n`))
          : () => printBytes(answer.bytes, sink)
    }
  }

// ---------------------------------------------------------------------------------------------------------------------
// documents
// ---------------------------------------------------------------------------------------------------------------------

const toBody = (answer: Answer): TE.TaskEither<ClientError, Readonly<Record<string, unknown>>> => {
  switch (answer._tag) {
    case 'Json':
      return TE.right({ response: toExact(answer.text) })
    case 'Events':
      return async () => {
        const events: Array<unknown> = []
        const result = await each(answer.events, ({ event, id, text }) => {
          events.push({ event, ...(O.isSome(id) ? { id: id.value } : {}), data: toExact(text) })
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
            if (!isText(answer.contentType)) return { base64: all.toString('base64') }
            const text = all.toString('utf8')
            return { response: isJsonType(answer.contentType) ? toExact(text) : text }
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
