/**
 * An open WebSocket to an agent: typed messages out and in. What a handler sees of it on the other side is the core's
 * `Socket`; this is its counterpart, whose failures are those of a client.
 *
 * @since 0.2.0
 */
import type { Agent } from 'node:http'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import type { Issue } from '../../core/AgentError'
import { type Codecs, decode, encode as encodeBy } from '../../core/Codec'
import { encode } from '../../core/Json'
import { anything, object, oneOf, quantity, type Shape } from '../../core/OptionCheck'
import { maxDepth, maxNodes, parse } from '../../core/Payload'
import type { SessionId } from '../../core/Session'
import { withoutSecrets } from '../auth/Authorization'
import { againWithClock, type ClockEnvironment, correctClock } from '../auth/ClockSkew'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import {
  type Connection,
  type ConnectionEnvironment,
  type ConnectionOptions,
  connectionOptions,
  socketConnection,
} from './Connection'
import { dial, type ToError } from './connect'
import type { Environment } from '../transport/Environment'
import type { Frame } from '../../node/websocket/WebSocketConnection'
import type { Closed, FrameSocket, FrameSocketOptions } from './FrameSocket'
import { decode as decodeRefusal } from '../response/ServiceErrorDecoder'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An open socket. `In` is what the agent says, `Says` what is said to it. */
export interface Socket<out In = unknown, in Says = unknown> {
  /**
   * Sends a message and resolves when it is written; waits while too much is unsent. A value goes as JSON, a `Uint8Array` as
   * it is. Left: `SocketClosed`, `Aborted`, `Unencodable`, and `InvalidParameter` for what is larger than `maxPayload`.
   */
  readonly send: (message: Says) => TE.TaskEither<ClientError, void>
  /**
   * The next message; none when the agent has closed in good order, or this side has. Left: `InvalidAnswer` for one that
   * cannot be decoded, `SocketClosed` for any other end than 1000, `Aborted`.
   */
  readonly receive: TE.TaskEither<ClientError, O.Option<In>>
  /** All messages from here on, until the end. A left of `receive` is thrown. */
  readonly messages: AsyncIterable<In>
  /** Closes the socket: 1000 unless a code is given (1000, 1001, 1003, 1007 to 1014, or 3000 to 4999). */
  readonly close: (code?: number, reason?: string) => IO<void>
  /** How it ended, when it has. */
  readonly closed: Task<Closed>
  /** The subprotocol that was agreed on. */
  readonly protocol: O.Option<string>
  readonly sessionId: SessionId
}

/** What may be said of an opened socket. Sizes are bytes, times milliseconds. */
export interface SocketOptions extends Partial<FrameSocketOptions> {
  /** Whether text is JSON, which it is unless this says otherwise, or left as it is. */
  readonly format?: 'json' | 'text'
}

const socketOptions: Shape<SocketOptions> = {
  maxPayload: quantity,
  highWaterMark: quantity,
  maxQueue: quantity,
  pingInterval: quantity,
  maxFragments: quantity,
  signal: object,
  format: oneOf('json', 'text'),
}

const connectOptions: Shape<ConnectionOptions & SocketOptions & Codecs<never, never>> = {
  ...connectionOptions,
  ...socketOptions,
  inbound: anything,
  outbound: anything,
}

/** What an environment needs for it. */
export interface SocketEnvironment extends ConnectionEnvironment, Pick<Environment, 'connectTimeout'> {
  /** Makes the connections of WebSockets, if Node's own is not to. */
  readonly agent?: Agent
}

/** The bounds that AgentCore has, and those that keep memory small. */
export const defaults: FrameSocketOptions = {
  maxPayload: 65_536,
  highWaterMark: 1_048_576,
  maxQueue: 64,
  pingInterval: 30_000,
}

// ---------------------------------------------------------------------------------------------------------------------
// messages
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (reason: string): ClientError => ({ _tag: 'InvalidAnswer', reason })

const told = (issues: ReadonlyArray<Issue>): string =>
  issues.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')

const json = parse({ maxDepth, maxNodes })

const decodeValue =
  (format: 'json' | 'text') =>
  (frame: Frame): E.Either<ClientError, unknown> => {
    if (typeof frame !== 'string' || format === 'text') return E.right(frame)
    return pipe(
      json(frame),
      E.mapLeft((error) => invalid(`a message is not valid JSON: ${'reason' in error ? error.reason : error._tag}`)),
    )
  }

const encodeFrame =
  (format: 'json' | 'text') =>
  (message: unknown): E.Either<ClientError, Frame> => {
    if (message instanceof Uint8Array || (format === 'text' && typeof message === 'string')) return E.right(message)
    return pipe(
      encode(message),
      E.mapLeft((error) => ({ _tag: 'Unencodable', reason: 'reason' in error ? error.reason : error._tag })),
    )
  }

/** All of what a `receive` gives, pulled one by one; its left is thrown. */
export const iterate = <In>(receive: TE.TaskEither<ClientError, O.Option<In>>): AsyncIterable<In> => ({
  [Symbol.asyncIterator]: () => ({
    next: async () => {
      const received = await receive()
      if (E.isLeft(received)) throw received.left
      return O.isSome(received.right) ? { done: false, value: received.right.value } : { done: true, value: undefined }
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
  }),
})

/** A socket of frames whose messages are values. */
const fromConnection = (frames: FrameSocket, sessionId: SessionId, format: 'json' | 'text'): Socket => {
  const toValue = decodeValue(format)
  const toFrame = encodeFrame(format)
  const receive: Socket['receive'] = pipe(
    frames.receive,
    TE.chainEitherK(
      O.match(
        () => E.right(O.none),
        (frame) => pipe(toValue(frame), E.map(O.some)),
      ),
    ),
  )
  return {
    ...frames,
    sessionId,
    receive,
    messages: iterate(receive),
    send: (message) => pipe(TE.fromEither(toFrame(message)), TE.chain(frames.send)),
  }
}

/** The same socket with typed messages: what the agent says is decoded, what is said to it encoded. */
export const typed =
  <In, Says>({ inbound, outbound }: Codecs<In, Says>) =>
  (socket: Socket): Socket<In, Says> => {
    const toMessage = decode(inbound)
    const fromMessage = encodeBy(outbound)
    const receive: Socket<In, Says>['receive'] = async () => {
      const received = await socket.receive()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return E.right(O.none)
      const decoded = await toMessage(received.right.value)
      return E.isLeft(decoded) ? E.left(invalid(told(decoded.left))) : E.right(O.some(decoded.right))
    }
    return {
      ...socket,
      receive,
      messages: iterate(receive),
      send: (message) => async () => {
        const encoded = await fromMessage(message)
        return E.isLeft(encoded)
          ? E.left({ _tag: 'Unencodable', reason: told(encoded.left) })
          : socket.send(encoded.right)()
      },
    }
  }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Opens a connection made by one of the `generate…` functions. The lefts are those of `connect`.
 *
 * @example
 * ```ts
 * import { createClient, generateWsConnection, open } from 'agentcore-fp/client'
 * import { pipe, RTE } from 'agentcore-fp/fp'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const socket = pipe(
 *   generateWsConnection(),
 *   RTE.chainW((connection) => open(connection, { format: 'text' })),
 * )(client.environment)
 * ```
 */
export const open =
  (connection: Connection, options: SocketOptions = {}): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Socket> =>
  (env) =>
    pipe(
      TE.fromEither(checked('open', socketOptions)(options)),
      TE.chain((valid) => opened(connection, valid)(env)),
    )

/** The same with checked options, which may include those of `connect`. */
const opened =
  (connection: Connection, options: SocketOptions): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Socket> =>
  (env) =>
    pipe(
      dial(toError(connection, env))(connection, { ...defaults, ...options, ...bounds(env) }),
      TE.map(({ socket }) => fromConnection(socket, connection.sessionId, options.format ?? 'json')),
    )

/** What the environment says of how a connection is made. */
export const bounds = ({
  connectTimeout,
  agent,
}: SocketEnvironment): Pick<SocketEnvironment, 'connectTimeout' | 'agent'> =>
  agent === undefined ? { connectTimeout } : { connectTimeout, agent }

/** What is secret in the parts of a connection that a browser has. */
const toSecrets = ({ url, protocols }: Connection): ReadonlyArray<string> => {
  const { searchParams } = new URL(url)
  const urlSecrets = ['X-Amz-Signature', 'X-Amz-Security-Token'].map((name) => searchParams.get(name) ?? '')
  return [...urlSecrets, ...protocols.map((name) => name.split('.')[1] ?? '')].filter((secret) => secret !== '')
}

/**
 * A refused handshake as the failure that an answer to a call would be, without what was secret in the request. It may
 * correct the clock of the environment.
 */
export const toError =
  (connection: Connection, env: ClockEnvironment): ToError =>
  ({ status, headers, body }) => {
    correctClock(env)({ status, headers })()
    const text = withoutSecrets(connection)(new TextDecoder().decode(body))
    const safe = toSecrets(connection).reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
    return decodeRefusal({ status, headers, body: safe })
  }

/**
 * Opens a WebSocket to the agent, authenticated as the environment says; typed if codecs are given. Left: those of
 * `generateWsConnection`; a rejected handshake as the failure that a call would give; `ConnectionFailed`, `ConnectTimeout`,
 * `Aborted`.
 *
 * @example
 * ```ts
 * import { connect, createClient } from 'agentcore-fp/client'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const echoed = pipe(
 *   connect()(client.environment),
 *   TE.chain(({ send, receive }) =>
 *     pipe(
 *       send('hello'),
 *       TE.chain(() => receive),
 *     ),
 *   ),
 * )
 * ```
 */
export function connect<In, Says>(
  options: ConnectionOptions & SocketOptions & Codecs<In, Says>,
): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Socket<In, Says>>
export function connect(
  options?: ConnectionOptions & SocketOptions,
): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Socket>
export function connect<In, Says>(
  options: ConnectionOptions & SocketOptions & Partial<Codecs<In, Says>> = {},
): RTE.ReaderTaskEither<SocketEnvironment, ClientError, Socket | Socket<In, Says>> {
  const { inbound, outbound } = options
  return (env) =>
    pipe(
      TE.fromEither(checked('connect', connectOptions)(options)),
      TE.chain((valid) => socketConnection(valid)(env)),
      TE.chain((connection) => opened(connection, options)(env)),
      againWithClock(env),
      TE.map((socket) =>
        inbound === undefined || outbound === undefined ? socket : typed({ inbound, outbound })(socket),
      ),
    )
}
