/**
 * What an agent has answered: one JSON value, a stream of events, or bytes, as the content type of the answer says. A
 * stream is pulled, so that a slow reader slows the agent; one that is not read to its end is to be given up, by leaving
 * its loop or by the signal of the call.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { header, refusalType } from '../../core/Protocol'
import { type Bytes, toBytes, maxWhole, readAll } from './ResponseBody'
import type { ClientError } from '../error/ClientError'
import { shown } from '../error/HeaderText'
import { decode, type Events } from './SseDecoder'
import { parseJson } from './JsonText'
import { decode as decodeError } from './ServiceErrorDecoder'
import type { Answer as HttpAnswer } from '../transport/Transport'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What comes before the body. */
export interface Head {
  /** 200 to 299. */
  readonly status: number
  /** The session that the call was of: the agent's word if it has said one, else the id that was sent. */
  readonly sessionId: string
  readonly requestId: O.Option<string>
  /** Empty if the agent has said none. */
  readonly contentType: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * An answer by its content type. Each stream is read once. `text` is the value as it came, every digit of it. What claims to
 * be JSON and is not, or has a number that JavaScript cannot hold, such as `1e400`, is `Bytes`.
 */
export type Answer =
  | (Head & { readonly _tag: 'Json'; readonly value: unknown; readonly text: string })
  | (Head & { readonly _tag: 'Events'; readonly events: Events })
  | (Head & { readonly _tag: 'Bytes'; readonly bytes: Bytes })

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const headerIn = ({ headers }: HttpAnswer, name: string): O.Option<string> =>
  pipe(
    O.fromNullable(headers[name]),
    O.filter((value) => value !== ''),
  )

const toHead = (sent: string, answer: HttpAnswer): Head => ({
  status: answer.status,
  sessionId: pipe(
    headerIn(answer, header.sessionId),
    O.getOrElse(() => sent),
  ),
  requestId: pipe(
    headerIn(answer, header.requestId),
    O.alt(() => headerIn(answer, 'x-amzn-requestid')),
  ),
  contentType: answer.headers['content-type'] ?? '',
  headers: answer.headers,
})

const invalid = (reason: string): ClientError => ({ _tag: 'InvalidAnswer', reason })

/**
 * Parses bytes as JSON, to the text and its value. Left: `InvalidAnswer`, also for what is not UTF-8.
 *
 * @example
 * ```ts
 * import { Answer } from 'agentcore-fp/client'
 *
 * export const seven = Answer.toJson(new TextEncoder().encode('7')) // right({ text: '7', value: 7 })
 * ```
 */
export const toJson = (bytes: Uint8Array): E.Either<ClientError, JsonText> =>
  pipe(decodeText('utf-8', bytes), E.chain(parseText))

interface JsonText {
  readonly text: string
  readonly value: unknown
}

const parseText = (text: string): E.Either<ClientError, JsonText> =>
  pipe(
    parseJson(text),
    E.bimap(
      ({ reason }) => invalid(reason),
      (value) => ({ text, value }),
    ),
  )

const decodeText = (charset: string, bytes: Uint8Array): E.Either<ClientError, string> =>
  E.tryCatch(
    () => new TextDecoder(charset, { fatal: true }).decode(bytes),
    () => invalid(`the body is not valid text of the charset ${shown(charset)}`),
  )

/** The failure that an agent sends with status 200, since AgentCore would replace any other. */
const refusal = ({ headers, body }: HttpAnswer): TE.TaskEither<ClientError, never> =>
  pipe(
    readAll(maxWhole)(body),
    TE.chainEitherK(toJson),
    TE.chain(({ text, value }) =>
      TE.left(
        isRefusal(value)
          ? decodeError({ status: value.status, headers, body: text })
          : invalid('the body is not a refusal of an agent'),
      ),
    ),
  )

const isRefusal = (value: unknown): value is { readonly status: number } =>
  typeof value === 'object' && value !== null && 'status' in value && Number.isInteger(value.status)

/** The type alone, without its parameters. */
const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

const isJson = (type: string): boolean => type === 'application/json' || type.endsWith('+json')

const charsetOf = (contentType: string): string => /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1] ?? 'utf-8'

/**
 * Reads a response by its content type: JSON whole, everything else as it is pulled. `sent` is the session id of the request.
 * A body that claims to be JSON and is not, as some agents send text, is given as bytes, and so is one with a number such as
 * `1e400`. Left: `InvalidAnswer` for text that is not of its charset, for JSON with a key `__proto__` or beyond the limits (100 MB, 10 million values), and for a
 * compressed body, which was not requested; and what the body throws.
 *
 * @example
 * ```ts
 * import { Answer } from 'agentcore-fp/client'
 *
 * const body = async function* (): AsyncGenerator<Uint8Array> {
 *   yield new TextEncoder().encode('7')
 * }
 *
 * export const answer = Answer.fromHttp('user-7-conversation-2026-11-25-0001')({
 *   status: 200,
 *   headers: { 'content-type': 'application/json' },
 *   body: body(),
 * })
 * ```
 */
export const fromHttp =
  (sent: string) =>
  (answer: HttpAnswer): TE.TaskEither<ClientError, Answer> => {
    const head = toHead(sent, answer)
    const encoding = answer.headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity')
      return TE.left(invalid('the body is compressed, which was not requested'))
    const type = mediaType(head.contentType)
    if (type === refusalType) return refusal(answer)
    if (type === 'text/event-stream') return TE.right({ _tag: 'Events', ...head, events: decode(answer.body) })
    if (!isJson(type)) return TE.right({ _tag: 'Bytes', ...head, bytes: toBytes(answer.body) })
    return pipe(readAll(maxWhole)(answer.body), TE.chainEitherK(readJson(head)))
  }

const readJson =
  (head: Head) =>
  (bytes: Uint8Array): E.Either<ClientError, Answer> =>
    pipe(
      decodeText(charsetOf(head.contentType), bytes),
      E.chain((text): E.Either<ClientError, Answer> => {
        const parsed = parseJson(text)
        if (E.isRight(parsed)) return E.right({ _tag: 'Json', ...head, text, value: parsed.right })
        if (parsed.left.isRejected) return E.left(invalid(parsed.left.reason))
        return E.right({ _tag: 'Bytes', ...head, bytes: toBytes(once(bytes)) })
      }),
    )

const once = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** All of a stream of rights, at most `limit` units by `size`. */
const collected = async <A>(
  source: AsyncIterable<E.Either<ClientError, A>>,
  size: (value: A) => number,
  limit: number,
): Promise<E.Either<ClientError, ReadonlyArray<A>>> => {
  const values: Array<A> = []
  let sum = 0
  for await (const step of source) {
    if (E.isLeft(step)) return step
    values.push(step.right)
    sum += size(step.right)
    if (sum > limit) return E.left(invalid(`the body is larger than ${limit}`))
  }
  return E.right(values)
}

/** The text of one value: a string is itself, anything else its JSON in a line of its own. */
const encodeText = (value: unknown): string => (typeof value === 'string' ? value : `${JSON.stringify(value)}\n`)

/**
 * Reads a whole response as text, as a terminal would show it: strings as they are, those of a stream one after the other,
 * other JSON values one per line, bytes as UTF-8. Left: `InvalidAnswer` for more than 100 MB, and what the stream ends with.
 *
 * @example
 * ```ts
 * import { Answer, createClient, invoke } from 'agentcore-fp/client'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const text = pipe(invoke({ prompt: 'Hello' })(client.environment), TE.chain(Answer.toText))
 * ```
 */
export const toText = (answer: Answer): TE.TaskEither<ClientError, string> => {
  switch (answer._tag) {
    case 'Json':
      return TE.right(encodeText(answer.value))
    case 'Events':
      return pipe(
        () => collected(answer.events, ({ text }) => text.length, maxWhole),
        TE.map((events) => events.map(({ data }) => encodeText(data)).join('')),
      )
    case 'Bytes':
      return pipe(
        () => collected(answer.bytes, ({ length }) => length, maxWhole),
        TE.map((parts) => Buffer.concat(parts).toString('utf8')),
      )
  }
}
