/** A socket as a handler sees it that reads and writes when it likes: a bounded queue in, awaited sends out. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { AgentError } from '../../core/AgentError'
import { messages, type Socket } from '../../core/Socket'
import {
  closed,
  closeWith,
  type Data,
  toData,
  dequeue,
  enqueue,
  gather,
  type Link,
  toMessage,
  waiting,
  write as writeTo,
} from './WebSocketLink'

/** A handler's socket, and what its owner tells it. */
export interface Reader {
  readonly socket: Socket
  /** A frame has come. */
  readonly deliver: (frame: Data) => void
  /** The connection is closed: what came before can still be read. */
  readonly close: IO<void>
}

type Received = E.Either<AgentError, O.Option<unknown>>

const noMore: Received = E.right(O.none)

const sent: E.Either<AgentError, void> = E.right(undefined)

/** The socket of a link. `onRead` is called when a frame that has waited was read. */
export const createReader = (link: Link, onRead: IO<void>): Reader => {
  const { ws, rules } = link
  const readers: Array<(received: Received) => void> = []
  const senders: Array<IO<void>> = []

  const received = (frame: Data): Received => {
    const message = toMessage(rules, frame)
    return E.isLeft(message) ? message : E.right(O.some(message.right))
  }

  const receive = (): Promise<Received> => {
    const frame = dequeue(link)
    if (frame !== undefined) {
      onRead()
      return Promise.resolve(received(frame))
    }
    if (link.closedWith !== undefined || ws.readyState >= ws.CLOSING) return Promise.resolve(noMore)
    return new Promise((resolve) => readers.push(resolve))
  }

  const write = (data: Data, resolve: (sent: E.Either<AgentError, void>) => void): void => {
    if (ws.readyState !== ws.OPEN) return resolve(closed(link))
    if (waiting(link) > 0) gather(link) // they will be answered at once
    writeTo(link, data, (error) => {
      resolve(error ? closed(link) : sent)
      while (senders.length > 0 && ws.bufferedAmount <= rules.highWaterMark) senders.shift()?.()
    })
  }

  /** Writes once what came before is written and not too much is unsent. */
  const writeInTurn: typeof write = (data, resolve) => {
    if (senders.length > 0 || ws.bufferedAmount > rules.highWaterMark) senders.push(() => write(data, resolve))
    else write(data, resolve)
  }

  const send = (message: unknown) => (): Promise<E.Either<AgentError, void>> => {
    const data = toData(rules, message)
    if (E.isLeft(data)) return Promise.resolve(data)
    return new Promise((resolve) => writeInTurn(data.right, resolve))
  }

  return {
    socket: {
      send,
      receive,
      messages: messages(receive),
      close:
        (code = 1000, reason) =>
        () =>
          closeWith(ws, code, reason),
      protocol: ws.protocol === '' ? O.none : O.some(ws.protocol),
    },
    deliver: (frame) => {
      const reader = readers.shift()
      if (reader === undefined) enqueue(link, frame)
      else reader(received(frame))
    },
    close: () => {
      for (const reader of readers.splice(0)) reader(noMore)
      for (const sender of senders.splice(0)) sender()
    },
  }
}
