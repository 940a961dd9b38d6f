/**
 * Typed handlers: the payload is decoded before the handler runs, its response encoded afterwards.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown, invalidPayload, type Issue } from './AgentError'
import { type Codec, decode, type Decoded, encode, type Out, toUnencodable } from './Codec'
import type { Handler } from './Handler'
import * as Reply from './Reply'
import type { Event } from './Sse'
import { encodeSource } from './TypedStream'

/** Continues with a decoded value. A schema may be asynchronous, and may reject. */
export const chainDecoded = <A, B>(
  decoded: Decoded<A>,
  toError: (issues: ReadonlyArray<Issue>) => AgentError,
  f: (value: A) => TE.TaskEither<AgentError, B>,
): TE.TaskEither<AgentError, B> => {
  if (!(decoded instanceof Promise)) return E.isLeft(decoded) ? TE.left(toError(decoded.left)) : f(decoded.right)
  return pipe(
    TE.tryCatch(() => decoded, fromUnknown),
    TE.chainEitherK(E.mapLeft(toError)),
    TE.chain(f),
  )
}

/** A handler with a decoded payload. */
export const decoding = <P, A, S extends object>(
  codec: Codec<P>,
  handler: Handler<P, A, S>,
): Handler<unknown, A, S> => {
  const toPayload = decode(codec)
  return (payload, context) => chainDecoded(toPayload(payload), invalidPayload, (value) => handler(value, context))
}

/** A handler with an encoded response: a value as a whole, a stream value by value. */
export const encoding = <P, A, S extends object>(
  codec: Out<A>,
  handler: Handler<P, Outgoing<A>, S>,
): Handler<P, unknown, S> => {
  const encoded = encoder(codec)
  return (payload, context) => pipe(handler(payload, context), TE.chain(encoded))
}

/** What a handler may respond with if its response has the type `A`: a value of it, or a stream of its values. */
export type Outgoing<A> = A | Streamed<A>

/** A stream of values of the type `A`, and of events with such data. */
export type Streamed<A> = Reply.Stream<A | Event> | AsyncIterable<A | Event> | Iterable<A | Event>

const encoder = <A>(codec: Out<A>): ((answer: Outgoing<A>) => TE.TaskEither<AgentError, unknown>) => {
  const [toEncoded, toEvents] = [encode(codec), encodeSource(codec)]
  const value = (answer: unknown): TE.TaskEither<AgentError, unknown> =>
    chainDecoded(toEncoded(answer as A), toUnencodable, (encoded) => TE.right(encoded)) // as the handler is typed
  return (answer) => {
    if (Reply.isSource(answer)) return TE.right(Reply.events(toEvents(answer)))
    if (!Reply.isReply(answer)) return value(answer)
    const { body } = answer
    if (body._tag === 'Events') return TE.right({ ...answer, body: { ...body, source: toEvents(body.source) } })
    if (body._tag !== 'Json') return TE.right(answer)
    return pipe(
      value(body.value),
      TE.map((encoded) => ({ ...answer, body: { ...body, value: encoded } })),
    )
  }
}
