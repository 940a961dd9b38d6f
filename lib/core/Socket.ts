/**
 * WebSockets as handlers see them: messages in, messages out. Messages are queued until they are read; a send waits
 * until it is written.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown, invalidMessage } from './AgentError'
import { decode, encode, type SocketCodecs, toUnencodable } from './Codec'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An open WebSocket. `In` is what the peer sends, `Says` what the agent sends. */
export interface Socket<out In = unknown, in Says = unknown> {
  /**
   * Sends a message and resolves when it is written; waits under backpressure. Left `SocketClosed` if the WebSocket
   * closes first, `MessageTooLarge` or `Unencodable` if the message cannot be sent.
   */
  readonly send: (message: Says) => TE.TaskEither<AgentError, void>
  /** The next message; none once the peer has closed. Left `InvalidMessage` for one that cannot be decoded. */
  readonly receive: TE.TaskEither<AgentError, O.Option<In>>
  /** All messages from here on, until the peer closes. A failure of `receive` is thrown. */
  readonly messages: AsyncIterable<In>
  /** Closes the WebSocket: with 1000 unless a code is given (1000, 1001, 1003, 1007 to 1014, or 3000 to 4999). */
  readonly close: (code?: number, reason?: string) => IO<void>
  /** The negotiated subprotocol. */
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

/** All messages of a WebSocket, pulled one at a time. */
export const messages = <In>(receive: TE.TaskEither<AgentError, O.Option<In>>): AsyncIterable<In> => ({
  [Symbol.asyncIterator]: () => ({
    next: () => {
      const step = toNext(receive)
      step.catch(() => undefined) // if read ahead, its rejection must not crash the process
      return step
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
  }),
})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** The result of a codec, or `Unexpected` for what it throws: reads and sends must not reject. */
const attempt = async <A>(f: () => Promise<E.Either<AgentError, A>>): Promise<E.Either<AgentError, A>> => {
  try {
    return await f()
  } catch (cause) {
    return E.left(fromUnknown(cause))
  }
}

/** Types the messages of a WebSocket: received ones are decoded, sent ones encoded. */
export const typed =
  <In, Says>({ inbound, outbound, invalid }: SocketCodecs<In, Says>) =>
  (socket: Socket): Socket<In, Says> => {
    const toMessage = decode(inbound)
    const fromMessage = encode(outbound)
    const send: Socket<In, Says>['send'] = (message) => async () => {
      const encoded = await attempt(async () => E.mapLeft(toUnencodable)(await fromMessage(message)))
      return E.isLeft(encoded) ? encoded : socket.send(encoded.right)()
    }
    const receiveNext: TE.TaskEither<AgentError, O.Option<In>> = async () => {
      const received = await socket.receive()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return E.right(O.none)
      const message = received.right.value
      const decoded = await attempt(async () => E.mapLeft(invalidMessage)(await toMessage(message)))
      return E.isLeft(decoded) ? decoded : E.right(O.some(decoded.right))
    }
    const receive: typeof receiveNext = async () => {
      let received = await receiveNext()
      while (invalid !== undefined && E.isLeft(received) && received.left._tag === 'InvalidMessage') {
        const { issues } = received.left
        const sent = await attempt(async () => send(invalid(issues))())
        if (E.isLeft(sent)) return sent
        received = await receiveNext()
      }
      return received
    }
    return { ...socket, receive, messages: messages(receive), send }
  }
