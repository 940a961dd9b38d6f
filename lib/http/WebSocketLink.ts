/** Joins a connection of `ws` to the socket that a handler sees: a bounded queue in, awaited sends out. */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { WebSocket } from 'ws'
import type { Format } from '../core/Agent'
import { type AgentError, invalidMessage, messageTooLarge, socketClosed } from '../core/AgentError'
import { encode } from '../core/Json'
import { parse } from '../core/Payload'
import { messages, type Socket } from '../core/Socket'
import type { Settings } from './Options'

/** A socket, and what its owner needs to know of it. */
export interface Link {
  readonly socket: Socket
  /** Whether the peer has shown life since the last call. */
  readonly isAlive: IO<boolean>
  /** Calls back when the connection is closed and every message that came before has been read. */
  readonly onEnd: (f: IO<void>) => void
}

type Received = E.Either<AgentError, O.Option<unknown>>

/** A close reason as the protocol allows it: at most 123 bytes of UTF-8. */
const shortened = (reason: string): string => {
  const bytes = Buffer.from(reason)
  return bytes.length <= 123
    ? reason
    : bytes
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\ufffd*$/, '')
}

const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

/** Closes a connection that may be closed already. A code that must not be sent is sent as 1011. */
export const closeWith = (ws: WebSocket, code: number, reason = ''): void => {
  ws.resume() // a paused connection would not see the peer's answer
  ws.close(isCloseCode(code) ? code : 1011, shortened(reason))
}

const closedEnd: Received = E.right(O.none)

const sent: E.Either<AgentError, void> = E.right(undefined)

/** A link over an open connection. */
export const createLink = (
  ws: WebSocket,
  connection: Duplex,
  format: Format,
  { websocket: { maxPayload, highWaterMark, maxQueue }, maxDepth }: Settings,
): Link => {
  const toValue = parse(maxDepth)
  const queue: Array<unknown> = []
  const readers: Array<(received: Received) => void> = []
  const senders: Array<IO<void>> = []
  let closedWith: number | undefined
  let onEnd: IO<void> | undefined
  let isGathering = false

  const decodeText = (text: string): Received => {
    if (format === 'text') return E.right(O.some(text))
    const parsed = toValue(text)
    if (E.isRight(parsed)) return E.right(O.some(parsed.right))
    const { left } = parsed
    return E.left(invalidMessage([{ path: '', message: 'reason' in left ? left.reason : left._tag }]))
  }

  const decodeFrame = (frame: unknown): Received =>
    typeof frame === 'string' ? decodeText(frame) : E.right(O.some(frame))

  const endIfRead = (): void => {
    if (closedWith !== undefined && queue.length === 0) onEnd?.()
  }

  let isAlive = true
  ws.on('pong', () => {
    isAlive = true
  })
  ws.on('message', (data: Buffer, isBinary) => {
    isAlive = true
    if (ws.readyState !== ws.OPEN) return // it is being closed: nobody will read this, and the peer's answer comes behind
    const frame = isBinary ? new Uint8Array(data) : data.toString('utf8')
    const reader = readers.shift()
    if (reader !== undefined) return reader(decodeFrame(frame))
    queue.push(frame)
    if (queue.length >= maxQueue && !ws.isPaused) ws.pause()
  })
  ws.on('close', (code) => {
    closedWith = code
    for (const reader of readers.splice(0)) reader(closedEnd)
    for (const send of senders.splice(0)) send()
    if (code === 1006) onEnd?.()
    else endIfRead()
  })

  const receive = (): Promise<Received> => {
    if (queue.length > 0) {
      const frame = queue.shift()
      if (ws.isPaused && queue.length <= maxQueue / 2) ws.resume()
      endIfRead()
      return Promise.resolve(decodeFrame(frame))
    }
    if (closedWith !== undefined || ws.readyState >= ws.CLOSING) return Promise.resolve(closedEnd)
    return new Promise((resolve) => readers.push(resolve))
  }

  const closed = (): E.Either<AgentError, void> => E.left(socketClosed(closedWith ?? 1005))

  /** While messages wait that will be answered at once, what is sent before the next tick goes out in one write. */
  const gather = (): void => {
    if (isGathering || queue.length === 0) return
    isGathering = true
    connection.cork()
    process.nextTick(() => {
      isGathering = false
      connection.uncork()
    })
  }

  const write = (data: string | Uint8Array, resolve: (sent: E.Either<AgentError, void>) => void): void => {
    if (ws.readyState !== ws.OPEN) return resolve(closed())
    gather()
    ws.send(data, { binary: typeof data !== 'string' }, (error) => {
      resolve(error ? closed() : sent)
      while (senders.length > 0 && ws.bufferedAmount <= highWaterMark) senders.shift()?.()
    })
  }

  /** Writes once what came before is written and not too much is unsent. */
  const writeInTurn: typeof write = (data, resolve) => {
    if (senders.length > 0 || ws.bufferedAmount > highWaterMark) senders.push(() => write(data, resolve))
    else write(data, resolve)
  }

  const textOf = (message: unknown): E.Either<AgentError, string> =>
    format === 'text' && typeof message === 'string' ? E.right(message) : encode(message)

  /** Whether it is too large; a UTF-16 unit is at most three bytes, so most need not be measured. */
  const isTooLarge = (data: string | Uint8Array): boolean =>
    data.length * 3 > maxPayload && Buffer.byteLength(data) > maxPayload

  const send = (message: unknown) => (): Promise<E.Either<AgentError, void>> => {
    const data = message instanceof Uint8Array ? E.right(message) : textOf(message)
    if (E.isLeft(data)) return Promise.resolve(data)
    if (isTooLarge(data.right)) return Promise.resolve(E.left(messageTooLarge(maxPayload)))
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
    isAlive: () => {
      const was = isAlive
      isAlive = false
      return was
    },
    onEnd: (f) => {
      onEnd = f
      endIfRead()
    },
  }
}
