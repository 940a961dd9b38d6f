/**
 * A WebSocket as a handler sees it: messages in, messages out, nothing of the connection. Messages wait until they are
 * read; a send waits until it is written.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown, invalidMessage } from './AgentError'
import { type Codecs, decode, encode, toUnencodable } from './Codec'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An open socket. `In` is what the peer says, `Says` what the agent says. */
export interface Socket<out In = unknown, in Says = unknown> {
  /**
   * Sends a message and resolves when it is written; waits while too much is unsent. Left `SocketClosed` if the socket
   * closes first, `MessageTooLarge` and `Unencodable` if it cannot be sent.
   */
  readonly send: (message: Says) => TE.TaskEither<AgentError, void>
  /** The next message; none when the peer has closed. Left `InvalidMessage` for one that cannot be decoded. */
  readonly receive: TE.TaskEither<AgentError, O.Option<In>>
  /** All messages from here on, until the peer closes. A failure of `receive` is thrown. */
  readonly messages: AsyncIterable<In>
  /** Closes the socket: 1000 unless a code is given (1000, 1001, 1003, 1007 to 1014, or 3000 to 4999). */
  readonly close: (code?: number, reason?: string) => IO<void>
  /** The subprotocol that was agreed on. */
  readonly protocol: O.Option<string>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const toNext = async <In>(receive: TE.TaskEither<AgentError, O.Option<In>>): Promise<IteratorResult<In, undefined>> => {
  const received = await receive()
  if (E.isLeft(received)) throw received.left
  return O.isSome(received.right) ? { done: false, value: received.right.value } : { done: true, value: undefined }
}

/** All messages of a socket, pulled one by one. */
export const messages = <In>(receive: TE.TaskEither<AgentError, O.Option<In>>): AsyncIterable<In> => ({
  [Symbol.asyncIterator]: () => ({
    next: () => {
      const step = toNext(receive)
      step.catch(() => undefined) // who reads ahead may not look at it yet when it fails, which must not end the process
      return step
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
  }),
})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** What a codec gives, or `Unexpected` for what it throws: neither a read nor a send may reject. */
const attempt = async <A>(f: () => Promise<E.Either<AgentError, A>>): Promise<E.Either<AgentError, A>> => {
  try {
    return await f()
  } catch (cause) {
    return E.left(fromUnknown(cause))
  }
}

/** The same socket with typed messages: what the peer says is decoded, what the agent says is encoded. */
export const typed =
  <In, Says>({ inbound, outbound }: Codecs<In, Says>) =>
  (socket: Socket): Socket<In, Says> => {
    const toMessage = decode(inbound)
    const fromMessage = encode(outbound)
    const receive: TE.TaskEither<AgentError, O.Option<In>> = async () => {
      const received = await socket.receive()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return E.right(O.none)
      const message = received.right.value
      const decoded = await attempt(async () => E.mapLeft(invalidMessage)(await toMessage(message)))
      return E.isLeft(decoded) ? decoded : E.right(O.some(decoded.right))
    }
    return {
      ...socket,
      receive,
      messages: messages(receive),
      send: (message) => async () => {
        const encoded = await attempt(async () => E.mapLeft(toUnencodable)(await fromMessage(message)))
        return E.isLeft(encoded) ? encoded : socket.send(encoded.right)()
      },
    }
  }
