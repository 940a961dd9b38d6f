/**
 * WebSocket handlers, and the lifts that create one from other functions: one that answers each message, a generator
 * over all messages, or one that newer messages interrupt.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown, invalidMessage, type Issue } from './AgentError'
import { disregard } from './Call'
import { type Codecs, decode, encode, type SocketCodecs, toUnencodable } from './Codec'
import { type Context, withSignal } from './Context'
import { type PlainContext, toPlain } from './PlainContext'
import { type Socket, typed } from './Socket'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Handles a WebSocket. When it ends, the connection is closed: on a right with 1000, on a left with 1011. */
export type SocketHandler<in In, out Says, in State extends object = {}> = (
  socket: Socket<In, Says>,
  context: Context<State>,
) => TE.TaskEither<AgentError, void>

/** The answer to a message, now or later; `undefined` sends nothing. A left closes the connection. */
export type Answer<Says> = E.Either<AgentError, Says | undefined> | TE.TaskEither<AgentError, Says | undefined>

/** Answers one message of a WebSocket. */
export type OnMessage<in In, out Says, in State extends object = {}> = (
  message: In,
  context: Context<State>,
) => Answer<Says>

/** A tagged WebSocket handler. One that only answers messages is never started and needs no queue. */
export type Talk<In, Says, State extends object = {}> =
  | { readonly _tag: 'Socket'; readonly run: SocketHandler<In, Says, State> }
  | { readonly _tag: 'Messages'; readonly run: OnMessage<In, Says, State> }

/** A WebSocket handler that only answers each message. */
interface Answering<in In, out Says, in State extends object> extends SocketHandler<In, Says, State> {
  readonly _tag: 'Messages'
  readonly answer: OnMessage<In, Says, State>
}

// ---------------------------------------------------------------------------------------------------------------------
// lifts
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Lifts a function that answers a message to a WebSocket handler. Messages are answered in order: the next one is taken
 * when the previous answer is written. An Either is sent synchronously, without a promise, which makes this the fastest
 * handler, with the least memory for an idle socket. It ends when the peer disconnects, or on the first left.
 *
 * @example
 * ```ts
 * import { Handler, websocket } from 'agentcore-fp'
 * import { E } from 'agentcore-fp/fp'
 *
 * export const echo = websocket(Handler.onMessage((message) => E.right(message)))
 * ```
 */
export const onMessage = <In, Says, S extends object = {}>(f: OnMessage<In, Says, S>): SocketHandler<In, Says, S> => {
  const handler: SocketHandler<In, Says, S> = (socket, context) => async () => {
    try {
      for (;;) {
        const received = await socket.receive()
        if (E.isLeft(received)) return received
        if (O.isNone(received.right)) return E.right(undefined)
        const given = f(received.right.value, context)
        const answer = typeof given === 'function' ? await given() : given
        if (E.isLeft(answer)) return answer
        const sent = answer.right === undefined ? answer : await socket.send(answer.right)()
        if (E.isLeft(sent)) return sent
      }
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  }
  return Object.freeze(Object.assign(handler, { _tag: 'Messages' as const, answer: f }))
}

/**
 * Lifts a generator function, messages in, values out, to a WebSocket handler. It may keep a read of the next message
 * pending while it yields, and so receive and send concurrently; it is ended when the client disconnects or a send
 * fails.
 *
 * @example
 * ```ts
 * import { Handler, websocket } from 'agentcore-fp'
 * import { t } from 'agentcore-fp/fp'
 *
 * export const adder = websocket(
 *   { inbound: t.number, outbound: t.number },
 *   Handler.fromMessages(async function* (numbers) {
 *     let sum = 0
 *     for await (const n of numbers) yield (sum += n)
 *   }),
 * )
 * ```
 */
export const fromMessages =
  <In, Says, S extends object = {}>(
    f: (messages: AsyncIterable<In>, context: PlainContext<S>) => AsyncIterable<Says> | Iterable<Says>,
  ): SocketHandler<In, Says, S> =>
  (socket, context) =>
  () =>
    sendAll(() => f(socket.messages, toPlain(context)), socket, context.signal)

const iterate = <A>(source: AsyncIterable<A> | Iterable<A>): AsyncIterator<A> | Iterator<A> => {
  disregard(source)
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/**
 * Sends every value of a source, until it ends, a send fails or the signal aborts; then its `return` is called at once.
 */
const sendAll = <Says>(
  open: () => AsyncIterable<Says> | Iterable<Says>,
  socket: Pick<Socket<never, Says>, 'send'>,
  signal: AbortSignal,
): Promise<E.Either<AgentError, void>> =>
  new Promise((resolve) => {
    const over = new AbortController()
    const end = (result: E.Either<AgentError, void>): void => {
      over.abort()
      resolve(result)
    }
    const run = async (): Promise<void> => {
      const iterator = iterate(open())
      const stop = (): void => {
        close(iterator)
        end(E.right(undefined))
      }
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop, { signal: over.signal })
      while (!over.signal.aborted) {
        const step = await iterator.next()
        if (over.signal.aborted) return
        if (step.done === true) return end(E.right(undefined))
        disregard(step.value)
        const sent = await socket.send(step.value)()
        if (E.isRight(sent)) continue
        close(iterator)
        return end(sent)
      }
    }
    run().catch((cause: unknown) => end(E.left(fromUnknown(cause))))
  })

/** Ends an iterator without waiting, since it may be suspended in an await. */
const close = (iterator: AsyncIterator<unknown> | Iterator<unknown>): void => {
  void (async () => iterator.return?.())().catch(() => undefined) // nobody is left to handle it
}

/**
 * Answers each message with a stream of values, which a newer message interrupts: its generator is ended and its
 * `signal` aborts. For a chat, `In` is a union of a prompt and a stop.
 *
 * @example
 * ```ts
 * import { Handler, websocket } from 'agentcore-fp'
 * import { t } from 'agentcore-fp/fp'
 *
 * export const chat = websocket(
 *   { inbound: t.string, outbound: t.string },
 *   Handler.latest(async function* (prompt, { signal }) {
 *     for (const word of prompt.split(' ')) if (!signal.aborted) yield word
 *   }),
 * )
 * ```
 */
export const latest =
  <In, Says, S extends object = {}>(
    f: (message: In, context: PlainContext<S>) => AsyncIterable<Says> | Iterable<Says>,
  ): SocketHandler<In, Says, S> =>
  (socket, context) =>
  () =>
    new Promise((resolve) => {
      let answer = {
        stop: (): void => undefined,
        done: Promise.resolve<E.Either<AgentError, void>>(E.right(undefined)),
      }
      const start = (message: In): void => {
        const stopped = new AbortController()
        const signal = AbortSignal.any([context.signal, stopped.signal])
        const done = sendAll(() => f(message, toPlain(withSignal(signal)(context))), socket, signal)
        answer = { stop: () => stopped.abort(), done }
        void done.then((result) => E.isLeft(result) && resolve(result))
      }
      const listen = async (): Promise<E.Either<AgentError, void>> => {
        for (;;) {
          const received = await socket.receive()
          answer.stop()
          if (E.isLeft(received)) return received
          const answered = await answer.done
          if (E.isLeft(answered)) return answered
          if (O.isNone(received.right)) return E.right(undefined)
          start(received.right.value)
        }
      }
      listen().then(resolve, (cause: unknown) => resolve(E.left(fromUnknown(cause))))
    })

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** Types a handler of messages: received ones are decoded, answers encoded. */
export const typedTalk =
  <In, Says>(codecs: SocketCodecs<In, Says>) =>
  <S extends object>(talk: Talk<In, Says, S>): Talk<unknown, unknown, S> => {
    switch (talk._tag) {
      case 'Socket': {
        const toTyped = typed(codecs)
        return { _tag: 'Socket', run: (socket, context) => talk.run(toTyped(socket), context) }
      }
      case 'Messages':
        return { _tag: 'Messages', run: typedAnswer(codecs, talk.run) }
    }
  }

const typedAnswer = <In, Says, S extends object>(
  { inbound, outbound }: Codecs<In, Says>,
  f: OnMessage<In, Says, S>,
): OnMessage<unknown, unknown, S> => {
  const toMessage = decode(inbound)
  const fromMessage = encode(outbound)
  const orInvalid = E.mapLeft(invalidMessage)
  const orUnencodable = E.mapLeft(toUnencodable)

  const encoded = (said: E.Either<AgentError, Says | undefined>): Answer<unknown> => {
    if (E.isLeft(said) || said.right === undefined) return said
    const text = fromMessage(said.right)
    return text instanceof Promise ? () => text.then(orUnencodable) : orUnencodable(text)
  }

  const answered = (decoded: E.Either<AgentError, In>, context: Context<S>): Answer<unknown> => {
    if (E.isLeft(decoded)) return decoded
    const answer = f(decoded.right, context)
    return typeof answer === 'function' ? async () => settled(encoded(await answer())) : encoded(answer)
  }

  return (message, context) => {
    const decoded = toMessage(message)
    return decoded instanceof Promise
      ? async () => settled(answered(orInvalid(await decoded), context))
      : answered(orInvalid(decoded), context)
  }
}

/** The answer to a message that is invalid; undefined if there is to be none. */
export const toRecovery = <In, Says>({ outbound, invalid }: SocketCodecs<In, Says>): Recovery | undefined => {
  if (invalid === undefined) return undefined
  const fromMessage = encode(outbound)
  return (issues) => async () => {
    try {
      return E.mapLeft(toUnencodable)(await fromMessage(invalid(issues)))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  }
}

/** Answers a message that is invalid. */
export type Recovery = (issues: ReadonlyArray<Issue>) => Answer<unknown>

const settled = <A>(
  answer: Answer<A>,
): E.Either<AgentError, A | undefined> | Promise<E.Either<AgentError, A | undefined>> =>
  typeof answer === 'function' ? answer() : answer

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const isAnswering = <In, Says, S extends object>(
  handler: SocketHandler<In, Says, S>,
): handler is Answering<In, Says, S> => '_tag' in handler && handler._tag === 'Messages'

/** Tags a WebSocket handler by how its messages are read. */
export const toTalk = <In, Says, S extends object>(handler: SocketHandler<In, Says, S>): Talk<In, Says, S> =>
  isAnswering(handler) ? { _tag: 'Messages', run: handler.answer } : { _tag: 'Socket', run: handler }
