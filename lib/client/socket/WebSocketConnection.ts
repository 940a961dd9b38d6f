/** An open WebSocket of `ws` as effects: frames wait in a bounded queue until they are read, a send until it is written. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { WebSocket } from 'ws'
import type { ClientError } from '../error/ClientError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A message as the wire has it. */
export type Frame = string | Uint8Array

/** How a connection has ended; 1005 where no code was said, 1006 where it broke. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** Bounds of a link. */
export interface LinkOptions {
  /** The most bytes that a message may have, in both directions. */
  readonly maxPayload: number
  /** How many bytes may be unsent before a send waits. */
  readonly highWaterMark: number
  /** How many messages may be unread before the peer has to wait. */
  readonly maxQueue: number
  /** How often the peer is asked for a sign of life, in milliseconds; 0 is never. */
  readonly pingInterval: number
  readonly signal?: AbortSignal
}

/** A connection. */
export interface Link {
  /** Resolves when it is written. Left `SocketClosed`, `Aborted`, and `InvalidParameter` for what is too large. */
  readonly send: (frame: Frame) => TaskEither<ClientError, void>
  /**
   * The next message; none when the peer has closed in good order (1000, or no code), or this side has. Left
   * `SocketClosed` for any other end, `Aborted`, `InvalidAnswer` for what breaks the protocol or is too large.
   */
  readonly receive: TaskEither<ClientError, O.Option<Frame>>
  readonly close: (code?: number, reason?: string) => IO<void>
  readonly closed: Task<Closed>
  readonly protocol: O.Option<string>
}

type Received = E.Either<ClientError, O.Option<Frame>>
type Sent = E.Either<ClientError, void>

// ---------------------------------------------------------------------------------------------------------------------
// ends
// ---------------------------------------------------------------------------------------------------------------------

const sent: Sent = E.right(undefined)

const inOrder: Received = E.right(O.none)

const isInOrder = ({ code }: Closed): boolean => code === 1000 || code === 1005

const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

/** A reason as the protocol allows it: at most 123 bytes of UTF-8. */
const shortened = (reason: string): string =>
  Buffer.byteLength(reason) <= 123
    ? reason
    : Buffer.from(reason)
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\ufffd*$/, '')

const socketClosed = ({ code, reason }: Closed): ClientError => ({ _tag: 'SocketClosed', closeCode: code, reason })

const aborted: ClientError = { _tag: 'Aborted' }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Asks a peer for signs of life until the connection is closed, and cuts it off when it shows none. */
const beat = (ws: WebSocket, interval: number): void => {
  if (interval <= 0) return
  let isAlive = true
  const live = (): void => {
    isAlive = true
  }
  const timer = setInterval(() => {
    if (ws.isPaused) return // the peer waits for us, not we for the peer
    if (!isAlive) return ws.terminate()
    isAlive = false
    ws.ping()
  }, interval)
  ws.on('pong', live).on('message', live)
  ws.once('close', () => clearInterval(timer))
}

/** A link over a connection that is open, or about to be: nothing that comes is lost. */
export const createLink = (ws: WebSocket, options: LinkOptions): Link => {
  const { maxPayload, highWaterMark, maxQueue, pingInterval, signal } = options
  const queue: Array<Frame> = []
  const readers: Array<(received: Received) => void> = []
  const senders: Array<IO<void>> = []
  let closed: Closed | undefined
  /** Why the connection was given up, if not by a close. */
  let failure: ClientError | undefined
  let isClosing = false

  const end = (): Received => {
    if (failure !== undefined) return E.left(failure)
    return isClosing || closed === undefined || isInOrder(closed) ? inOrder : E.left(socketClosed(closed))
  }

  const cannotSend = (): Sent => E.left(failure ?? socketClosed(closed ?? { code: 1005, reason: '' }))

  const onAbort = (): void => {
    failure ??= aborted
    ws.terminate()
  }
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })

  ws.on('message', (data: Buffer, isBinary) => {
    if (isClosing || failure !== undefined) return // nobody will read it
    const frame = isBinary ? new Uint8Array(data) : data.toString('utf8')
    const reader = readers.shift()
    if (reader !== undefined) return reader(E.right(O.some(frame)))
    queue.push(frame)
    if (queue.length >= maxQueue && !ws.isPaused) ws.pause()
  })
  ws.on('error', ({ message }) => {
    failure ??= { _tag: 'InvalidAnswer', reason: message }
  })
  const whenClosed = new Promise<Closed>((resolve) => {
    ws.once('close', (code, reason) => {
      closed = { code, reason: reason.toString('utf8') }
      signal?.removeEventListener('abort', onAbort)
      for (const reader of readers.splice(0)) reader(end())
      for (const send of senders.splice(0)) send()
      resolve(closed)
    })
  })
  beat(ws, pingInterval)

  const receive = (): Promise<Received> => {
    if (failure === aborted) return Promise.resolve(end())
    const frame = queue.shift()
    if (frame !== undefined) {
      if (ws.isPaused && queue.length <= maxQueue / 2) ws.resume()
      return Promise.resolve(E.right(O.some(frame)))
    }
    if (closed !== undefined || isClosing) return Promise.resolve(end())
    return new Promise((resolve) => readers.push(resolve))
  }

  const write = (frame: Frame, resolve: (outcome: Sent) => void): void => {
    if (ws.readyState !== ws.OPEN) return resolve(cannotSend())
    ws.send(frame, { binary: typeof frame !== 'string' }, (error) => {
      resolve(error ? cannotSend() : sent)
      while (senders.length > 0 && ws.bufferedAmount <= highWaterMark) senders.shift()?.()
    })
  }

  return {
    send: (frame) => () => {
      if (frame.length * 3 > maxPayload && Buffer.byteLength(frame) > maxPayload) {
        const reason = `larger than maxPayload (${maxPayload} bytes)`
        return Promise.resolve(E.left({ _tag: 'InvalidParameter', name: 'message', reason }))
      }
      return new Promise((resolve) => {
        if (senders.length > 0 || ws.bufferedAmount > highWaterMark) senders.push(() => write(frame, resolve))
        else write(frame, resolve)
      })
    },
    receive,
    close:
      (code = 1000, reason = '') =>
      () => {
        isClosing = true
        queue.splice(0)
        for (const reader of readers.splice(0)) reader(end())
        ws.resume() // a paused connection would not see the peer's answer
        ws.close(isCloseCode(code) ? code : 1011, shortened(reason))
      },
    closed: () => whenClosed,
    protocol: ws.protocol === '' ? O.none : O.some(ws.protocol),
  }
}
