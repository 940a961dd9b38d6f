/**
 * Server-sent events from bytes. A value is one event, its data decoded from JSON where it is JSON; a failure that the
 * agent tells, and a stream that was cut, is a left, the last thing that comes.
 *
 * @since 0.2.0
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { ClientError } from '../error/ClientError'
import { parseJson } from './JsonText'
import { toFailure, through } from './AsyncIterables'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** One event of a stream. */
export interface Event {
  /** Its name: `message` where it has none. */
  readonly event: string
  readonly id: O.Option<string>
  /** The value of its JSON; `text` itself where it is no JSON. */
  readonly data: unknown
  /** Whether `data` was decoded. */
  readonly isJson: boolean
  /** What was sent as data. */
  readonly text: string
}

/** What a stream of events gives: after a left comes nothing. */
export type Events = AsyncIterable<E.Either<ClientError, Event>>

/** An event has at most so many characters: AgentCore itself sends no more at once. */
export const maxEvent = 10_000_000

// ---------------------------------------------------------------------------------------------------------------------
// one event
// ---------------------------------------------------------------------------------------------------------------------

type Fields = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const textIn = (value: unknown, name: string): string | undefined => {
  const found = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return typeof found === 'string' ? found : undefined
}

const toEvent = ({ event = 'message', id, data: text }: EventSourceMessage): Event => {
  const json = parseJson(text)
  return {
    event,
    id: O.fromNullable(id),
    data: E.isRight(json) ? json.right : text,
    isJson: E.isRight(json),
    text,
  }
}

/** What the last frame of the official Python SDK says beside the failure. It is an event without a name. */
const pythonMessage = 'An error occurred during streaming'

const isPythonFailure = ({ event, data }: Event): boolean =>
  event === 'message' &&
  isRecord(data) &&
  Object.keys(data).sort().join() === 'error,error_type,message' &&
  data['message'] === pythonMessage

/** The failure that an event tells. */
const failureIn = (event: Event): O.Option<ClientError> => {
  const { data, text } = event
  if (event.event !== 'error' && !isPythonFailure(event)) return O.none
  const inner = isRecord(data) ? data['error'] : undefined
  const requestId = textIn(data, 'requestId')
  return O.some({
    _tag: 'StreamFailure',
    code: textIn(data, 'error_type') ?? textIn(data, 'code') ?? textIn(inner, 'type') ?? 'ERROR',
    message: (textIn(data, 'error') ?? textIn(inner, 'message') ?? textIn(data, 'message') ?? text).slice(0, 1000),
    ...(requestId === undefined ? {} : { requestId }),
    ...(isRecord(data) && 'details' in data ? { details: data['details'] } : {}),
  })
}

const toStep = (event: Event): E.Either<ClientError, Event> =>
  pipe(
    failureIn(event),
    O.match(() => E.right(event), E.left),
  )

// ---------------------------------------------------------------------------------------------------------------------
// a stream of them
// ---------------------------------------------------------------------------------------------------------------------

/** Reads text as it comes, and gives the events that are complete with it. */
interface Reader {
  readonly read: (text: string) => ReadonlyArray<E.Either<ClientError, Event>>
  /** What is left at the end: nothing, unless an event was cut. */
  readonly end: () => ReadonlyArray<E.Either<ClientError, Event>>
}

const createReader = (limit: number): Reader => {
  let found: Array<E.Either<ClientError, Event>> = []
  let last = '\n'
  const parser = createParser({
    maxBufferSize: limit,
    onEvent: (message) => void found.push(toStep(toEvent(message))),
    onError: ({ type }) => {
      if (type !== 'max-buffer-size-exceeded') return // an unknown field is ignored, as the standard has it
      found.push(E.left({ _tag: 'InvalidAnswer', reason: `an event is larger than ${limit} characters` }))
    },
  })
  const feed = (text: string): ReadonlyArray<E.Either<ClientError, Event>> => {
    found = []
    parser.feed(text)
    last = text.at(-1) ?? last
    return found
  }
  return {
    read: feed,
    end: () => {
      const whole = last === '\r' ? feed('\n') : []
      const isCut = last !== '\n' || feed('\n').length > 0
      return isCut ? [...whole, E.left({ _tag: 'Truncated' })] : whole
    },
  }
}

const events = (limit: number) =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<E.Either<ClientError, Event>, void> {
    const decoder = new TextDecoder()
    const reader = createReader(limit)
    try {
      for await (const bytes of source) {
        for (const step of reader.read(decoder.decode(bytes, { stream: true }))) {
          yield step
          if (E.isLeft(step)) return
        }
      }
    } catch (cause) {
      yield E.left(toFailure(cause))
      return
    }
    for (const step of [...reader.read(decoder.decode()), ...reader.end()]) {
      yield step
      if (E.isLeft(step)) return
    }
  }

/**
 * The events of a body, pulled as they are asked for. An event named `error`, and the last frame of the Python SDK, is
 * the left `StreamFailure`; a stream that ends in the midst of an event, `Truncated`; an event of more than `limit`
 * characters, `InvalidAnswer`. What the body throws is a left too. Comments are left out.
 */
export const decode = (body: AsyncIterable<Uint8Array>, limit: number = maxEvent): Events =>
  through(events(limit))(body)
