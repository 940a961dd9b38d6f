/**
 * Plain WebSocket handlers: a generator over all messages, a function that answers each one, one that newer messages
 * interrupt, handlers of events, or a function that uses the socket by hand.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { type AgentError, fromUnknown } from '../core/AgentError'
import { checkFunction, checkPlain, type Plain } from '../core/Dialect'
import { orThrow } from '../core/EitherThrow'
import * as Handler from '../core/Handlers'
import { type PlainContext, toPlain } from '../core/PlainContext'
import type { Socket } from '../core/Socket'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A WebSocket handler, made by `onMessage`, `latest`, `onEvents` or `onSocket`. */
export interface Talk<in In, out Says, in State extends object = {}> {
  readonly _tag: 'Talk'
  readonly handler: Handler.SocketHandler<In, Says, State>
}

/** An open WebSocket. `In` is what the peer sends, `Says` what the agent sends. */
export interface PlainSocket<out In = unknown, in Says = unknown> {
  /**
   * Sends a message; waits until it is written, and under backpressure. Throws `SocketClosed` if the WebSocket closes
   * first, `MessageTooLarge` or `Unencodable` if the message cannot be sent.
   */
  readonly send: (message: Says) => Promise<void>
  /** The next message; `undefined` once the peer has closed. Throws `InvalidMessage` for one that cannot be decoded. */
  readonly receive: () => Promise<In | undefined>
  /** All messages from here on, until the peer closes. */
  readonly messages: AsyncIterable<In>
  /** Closes the WebSocket: with 1000 unless a code is given (1000, 1001, 1003, 1007 to 1014, or 3000 to 4999). */
  readonly close: (code?: number, reason?: string) => void
  /** The negotiated subprotocol. */
  readonly protocol: string | undefined
}

/** An answer to a message, now or later; `undefined` sends nothing. */
export type Said<Says> = Says | undefined | Promise<Says | undefined>

/** Handlers of the events of a WebSocket. A message is handled when the previous one is. */
export interface Events<in In, out Says, in State extends object = {}> {
  readonly open?: (context: PlainContext<State>, socket: PlainSocket<unknown, Says>) => void | Promise<void>
  readonly message?: (message: In, context: PlainContext<State>, socket: PlainSocket<unknown, Says>) => Said<Says>
  /** Called once, whoever has closed it, and if a handler has failed. */
  readonly close?: (context: PlainContext<State>) => void | Promise<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// handlers
// ---------------------------------------------------------------------------------------------------------------------

const talk = <In, Says, S extends object>(handler: Handler.SocketHandler<In, Says, S>): Talk<In, Says, S> =>
  Object.freeze({ _tag: 'Talk' as const, handler })

/**
 * Answers each message: the value that the function returns is sent, `undefined` sends nothing. Messages are answered in
 * order. What it throws closes the connection.
 *
 * @example
 * ```ts
 * import { onMessage, websocket } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * export const agent = websocket(
 *   { inbound: z.object({ ask: z.string() }), outbound: z.object({ say: z.string() }) },
 *   onMessage(({ ask }) => ({ say: ask.toUpperCase() })),
 * )
 * ```
 */
export const onMessage = <In, Says, S extends object = {}>(
  f: (message: In, context: PlainContext<S>) => Said<Says & Plain<Says>>,
): Talk<In, Says, S> => {
  checkFunction('onMessage', f)
  return talk(
    Handler.onMessage<In, Says, S>((message, context) => {
      const said: Said<Says> = f(message, toPlain(context))
      return said instanceof Promise ? () => said.then(checkPlain, toLeft) : checkPlain(said)
    }),
  )
}

const toLeft = (cause: unknown): E.Either<AgentError, never> => E.left(fromUnknown(cause))

/**
 * Answers each message with a stream of values, which a newer message interrupts: its generator is ended and its `signal`
 * aborts.
 *
 * @example
 * ```ts
 * import { latest, websocket } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * export const chat = websocket(
 *   { inbound: z.string(), outbound: z.string() },
 *   latest(async function* (prompt, { signal }) {
 *     for (const word of prompt.split(' ')) if (!signal.aborted) yield word
 *   }),
 * )
 * ```
 */
export const latest = <In, Says, S extends object = {}>(
  f: (message: In, context: PlainContext<S>) => AsyncIterable<Says> | Iterable<Says>,
): Talk<In, Says, S> => {
  checkFunction('latest', f)
  return talk(Handler.latest<In, Says, S>((message, context) => checkIterable('latest', f(message, context))))
}

/**
 * Handles the events of a WebSocket. What `message` returns is sent, as with `onMessage`; the socket can send more.
 *
 * @example
 * ```ts
 * import { onEvents, websocket } from 'agentcore-fp/plain'
 *
 * export const agent = websocket(
 *   onEvents({
 *     open: async ({ sessionId }, socket) => socket.send({ hello: sessionId }),
 *     message: (message) => ({ echo: message }),
 *     close: ({ log }) => log.info('The peer has left'),
 *   }),
 * )
 * ```
 */
export const onEvents = <In, Says, S extends object = {}>(events: Events<In, Says, S>): Talk<In, Says, S> =>
  onSocket(async (socket, context) => {
    const { open, message, close } = events
    try {
      await open?.(context, socket)
      for await (const received of socket.messages) {
        const said = orThrow(checkPlain(await message?.(received, context, socket)))
        if (said !== undefined) await socket.send(said)
      }
    } finally {
      await close?.(context)
    }
  })

/**
 * Handles a WebSocket by hand. When the function ends, the connection is closed: with 1000, or with 1011 if it throws.
 *
 * @example
 * ```ts
 * import { onSocket, websocket } from 'agentcore-fp/plain'
 *
 * export const agent = websocket(
 *   onSocket(async (socket) => {
 *     await socket.send('What is your name?')
 *     await socket.send({ hello: await socket.receive() })
 *   }),
 * )
 * ```
 */
export const onSocket = <In, Says, S extends object = {}>(
  f: (socket: PlainSocket<In, Says>, context: PlainContext<S>) => void | Promise<void>,
): Talk<In, Says, S> => {
  checkFunction('onSocket', f)
  return talk((socket, context) => async () => {
    try {
      const given: unknown = await f(toPlainSocket(socket), toPlain(context))
      return E.map(() => undefined)(checkPlain(given))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// conversions
// ---------------------------------------------------------------------------------------------------------------------

/** A function of all messages as a handler: the values of what it returns are sent. */
export const fromMessages = <In, Says, S extends object>(
  f: (messages: AsyncIterable<In>, context: PlainContext<S>) => AsyncIterable<Says> | Iterable<Says>,
): Handler.SocketHandler<In, Says, S> =>
  Handler.fromMessages<In, Says, S>((messages, context) => checkIterable('websocket', f(messages, context)))

const checkIterable = <Source extends object>(name: string, given: Source): Source => {
  if (typeof given === 'object' && (Symbol.asyncIterator in given || Symbol.iterator in given)) return given
  throw new TypeError(
    `The function of ${name} must return what can be iterated, as a generator does. For one that answers a message with ` +
      'a value use onMessage, for one that sends by itself onSocket',
  )
}

const toPlainSocket = <In, Says>(socket: Socket<In, Says>): PlainSocket<In, Says> => ({
  send: async (message) => orThrow(await socket.send(message)()),
  receive: async () => O.toUndefined(orThrow(await socket.receive())),
  messages: socket.messages,
  close: (code, reason) => socket.close(code, reason)(),
  protocol: O.toUndefined(socket.protocol),
})
