/**
 * A socket whose handler answers one message after the other: nobody reads it, so that an answer that is there at once
 * needs no promise, and an idle socket no more than its record.
 */
import * as E from 'fp-ts/Either'
import { type AgentError, checked, fromUnknown } from '../../core/AgentError'
import type { Answer } from '../../core/SocketHandler'
import {
  closed,
  type Data,
  toData,
  dequeue,
  enqueue,
  gather,
  type Link,
  toMessage,
  waiting,
  write,
} from './WebSocketLink'

/** A link whose messages are answered. */
export interface Answered extends Link {
  /** Whether an answer is under way, or too much of one is unsent: the next message waits. */
  isBusy: boolean
  /** Whether the handler has ended. */
  isDone: boolean
}

/** What the messages of a socket come to. */
export interface Answers<L extends Answered> {
  readonly answer: (link: L, message: unknown) => Answer<unknown>
  /** Carries out an answer that is not there yet. */
  readonly run: (link: L, answer: () => Promise<Said>) => Promise<Said>
  /** A frame that has waited was taken. */
  readonly onRead: (link: L) => void
  /** The handler has ended. */
  readonly onEnd: (link: L, result: E.Either<AgentError, void>) => void
}

type Said = E.Either<AgentError, unknown>

/** Answers the frames of links. */
export interface Answering<L extends Answered> {
  /** A frame has come. */
  readonly deliver: (link: L, frame: Data) => void
  /** The connection is closed: what came before is still answered. */
  readonly close: (link: L) => void
}

/** The frames of links come to the given answers. */
export const answering = <L extends Answered>({ answer, run, onRead, onEnd }: Answers<L>): Answering<L> => {
  const end = (link: L, result: E.Either<AgentError, void>): void => {
    if (link.isDone) return
    link.isDone = true
    link.queue = undefined
    onEnd(link, result)
  }

  const say = (link: L, message: unknown): void => {
    const { ws, rules } = link
    const data = toData(rules, message)
    if (E.isLeft(data)) return end(link, data)
    if (ws.readyState !== ws.OPEN) return end(link, closed(link))
    gather(link)
    link.isBusy = ws.bufferedAmount + data.right.length > rules.highWaterMark
    if (!link.isBusy) return write(link, data.right)
    write(link, data.right, () => {
      link.isBusy = false
      next(link)
    })
  }

  const settle = (link: L, outcome: Said): void => {
    const said = checked(outcome)
    link.isBusy = false
    if (E.isLeft(said)) return end(link, said)
    if (said.right !== undefined) say(link, said.right)
  }

  const take = (link: L, frame: Data): void => {
    try {
      const message = toMessage(link.rules, frame)
      const given = E.isLeft(message) ? message : answer(link, message.right)
      if (typeof given !== 'function') return settle(link, given)
      link.isBusy = true
      const running = async (): Promise<Said> => run(link, given)
      running()
        .then((said) => {
          settle(link, said)
          next(link)
        })
        .catch((thrown: unknown) => end(link, E.left(fromUnknown(thrown))))
    } catch (thrown) {
      end(link, E.left(fromUnknown(thrown)))
    }
  }

  /** Takes what has waited, as far as it is answered at once. */
  const next = (link: L): void => {
    while (!link.isBusy && !link.isDone) {
      const frame = dequeue(link)
      if (frame === undefined) return link.closedWith === undefined ? undefined : end(link, E.right(undefined))
      onRead(link)
      take(link, frame)
    }
  }

  return {
    deliver: (link, frame) => {
      if (link.isBusy || waiting(link) > 0) enqueue(link, frame)
      else take(link, frame)
    },
    close: next,
  }
}
