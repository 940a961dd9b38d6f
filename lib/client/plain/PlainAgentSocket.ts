/**
 * The WebSocket of `createClient`: that of `connect` with promises that throw.
 *
 * @since 0.2.0
 */
import { identity } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type { SessionId } from '../../core/Session'
import { orThrow } from '../error/ClientFailure'
import type { Socket } from '../socket/AgentSocket'
import type { Closed } from '../socket/FrameSocket'
import { looping, pulling } from './Throwing'

/** An open WebSocket to an agent. `In` is what the agent sends, `Says` what is sent to it. */
export interface PlainSocket<out In = unknown, in Says = unknown> {
  /**
   * Sends a message and resolves when it is written; waits while too much is unsent. A value goes as JSON, a `Uint8Array` as
   * it is. Throws `SocketClosed`, `Aborted`, `Unencodable`, and `InvalidParameter` for what is larger than `maxPayload`.
   */
  readonly send: (message: Says) => Promise<void>
  /**
   * The next message; `undefined` once the agent or this side has closed normally. Throws `InvalidAnswer` for one that cannot
   * be decoded, `SocketClosed` for a code other than 1000, `Aborted`.
   */
  readonly receive: () => Promise<In | undefined>
  /** All messages from here on, until the WebSocket closes. Throws what `receive` throws. */
  readonly messages: AsyncIterable<In>
  /** Closes the WebSocket: with 1000 unless a code is given (1000, 1001, 1003, 1007 to 1014, or 3000 to 4999). */
  readonly close: (code?: number, reason?: string) => void
  /** Resolves with the code and the reason when the WebSocket has closed. */
  readonly closed: Promise<Closed>
  /** The negotiated subprotocol. */
  readonly protocol: string | undefined
  readonly sessionId: SessionId
}

/** A WebSocket as `createClient` gives it. */
export const toPlainSocket = <In, Says>(socket: Socket<In, Says>): PlainSocket<In, Says> => ({
  send: async (message) => orThrow(await socket.send(message)()),
  receive: pulling<In, In>(identity)(socket.receive),
  messages: looping<In, In>(identity)(socket.receive),
  close: (code, reason) => socket.close(code, reason)(),
  closed: socket.closed(),
  protocol: O.toUndefined(socket.protocol),
  sessionId: socket.sessionId,
})
