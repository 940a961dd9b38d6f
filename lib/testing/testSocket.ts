/** A socket in memory: the test is the peer. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { type AgentError, socketClosed } from '../core/AgentError'
import { messages, type Socket } from '../core/Socket'

/** A socket and the peer's side of it. */
export interface TestSocket<In, Says> {
  readonly socket: Socket<In, Says>
  /** What the agent has sent. */
  readonly sent: ReadonlyArray<Says>
  /** Resolves when the agent has sent so many messages, with the first so many. */
  readonly heard: (count: number) => Promise<ReadonlyArray<Says>>
  /** The peer says something. */
  readonly say: (message: In) => void
  /** The peer closes; what it said before can still be read. */
  readonly leave: () => void
  /** The code that the agent closed with. */
  readonly closedWith: () => O.Option<number>
}

type Received<In> = E.Either<AgentError, O.Option<In>>

/**
 * An in-memory socket whose peer sends the given messages and then, unless `stay` is set, closes.
 *
 * @example
 * ```ts
 * import { Handler } from 'agentcore-fp'
 * import { testContext, testSocket } from 'agentcore-fp/testing'
 *
 * const echo = Handler.fromMessages((messages: AsyncIterable<unknown>) => messages)
 * const { socket, sent } = testSocket<unknown>(['a', 'b'])
 *
 * export const echoed = echo(socket, testContext())().then(() => sent) // ['a', 'b']
 * ```
 */
export const testSocket = <In, Says = unknown>(
  said: Iterable<In> = [],
  { stay = false }: { readonly stay?: boolean } = {},
): TestSocket<In, Says> => {
  const queue: Array<In> = [...said]
  const sent: Array<Says> = []
  const listeners: Array<{ readonly count: number; readonly resolve: (sent: ReadonlyArray<Says>) => void }> = []
  const readers: Array<(received: Received<In>) => void> = []
  let isOpen = stay
  let closedWith: O.Option<number> = O.none
  const close = (): void => {
    isOpen = false
    for (const reader of readers.splice(0)) reader(E.right(O.none))
  }
  const receive = (): Promise<Received<In>> => {
    if (queue.length > 0) return Promise.resolve(E.right(O.some(queue.splice(0, 1)[0] as In))) // there is one
    return isOpen ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(E.right(O.none))
  }
  return {
    sent,
    heard: (count) =>
      new Promise((resolve) => {
        if (sent.length >= count) resolve(sent.slice(0, count))
        else listeners.push({ count, resolve })
      }),
    closedWith: () => closedWith,
    leave: close,
    say: (message) => {
      const reader = readers.shift()
      if (reader === undefined) queue.push(message)
      else reader(E.right(O.some(message)))
    },
    socket: {
      send: (message) => () => {
        if (O.isSome(closedWith)) return Promise.resolve(E.left(socketClosed(closedWith.value)))
        sent.push(message)
        for (const { count, resolve } of listeners) if (sent.length >= count) resolve(sent.slice(0, count))
        return Promise.resolve(E.right(undefined))
      },
      receive,
      messages: messages(receive),
      close: (code = 1000) => {
        return () => {
          closedWith = O.some(code)
          close()
        }
      },
      protocol: O.none,
    },
  }
}
