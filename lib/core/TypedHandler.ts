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

/** A handler with an encoded response. */
export const encoding =
  <P, A, S extends object>(codec: Out<A>, handler: Handler<P, A, S>): Handler<P, unknown, S> =>
  (payload, context) =>
    pipe(
      handler(payload, context),
      TE.chain((answer) => chainDecoded(encode(codec)(answer), toUnencodable, (value) => TE.right(value))),
    )
