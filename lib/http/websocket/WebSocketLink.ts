/**
 * A connection of `ws` and what the server knows of it: the messages that wait, and how frames become values and values
 * frames. It is a record, and what waits is made when something waits, since a server holds one for each idle socket.
 */
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { WebSocket } from 'ws'
import type { Format } from '../../core/Agent'
import { type AgentError, invalidMessage, messageTooLarge, socketClosed } from '../../core/AgentError'
import { encode } from '../../core/Json'
import { parse } from '../../core/Payload'
import type { Settings } from '../state/Options'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What holds for all sockets of an app. */
export interface Rules {
  readonly format: Format
  readonly maxPayload: number
  readonly highWaterMark: number
  readonly maxQueue: number
  readonly toValue: (text: string) => E.Either<AgentError, unknown>
}

/** Of what a frame holds: text or bytes. */
export type Data = string | Uint8Array

/** An open connection. */
export interface Link {
  readonly ws: WebSocket
  readonly connection: Duplex
  readonly rules: Rules
  /** Frames that wait to be read. */
  queue: Array<Data> | undefined
  /** The code that it was closed with, when it is closed. */
  closedWith: number | undefined
  /** Whether what is sent before the next tick goes out in one write. */
  isGathering: boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The rules that settings stand for. */
export const toRules = (
  format: Format,
  { websocket: { maxPayload, highWaterMark, maxQueue }, maxDepth, maxNodes }: Settings,
): Rules => ({ format, maxPayload, highWaterMark, maxQueue, toValue: parse({ maxDepth, maxNodes }) })

// ---------------------------------------------------------------------------------------------------------------------
// messages in
// ---------------------------------------------------------------------------------------------------------------------

/** How many frames wait. */
export const waiting = ({ queue }: Link): number => queue?.length ?? 0

/** Lets a frame wait; the peer too, when too many do. */
export const enqueue = (link: Link, frame: Data): void => {
  const { ws, rules } = link
  const queue = (link.queue ??= [])
  queue.push(frame)
  if (queue.length >= rules.maxQueue && !ws.isPaused) ws.pause()
}

/** The frame that has waited longest. */
export const dequeue = ({ ws, rules, queue }: Link): Data | undefined => {
  const frame = queue?.shift()
  if (queue !== undefined && ws.isPaused && queue.length <= rules.maxQueue / 2) ws.resume()
  return frame
}

const textMessage = ({ format, toValue }: Rules, text: string): E.Either<AgentError, unknown> => {
  if (format === 'text') return E.right(text)
  const parsed = toValue(text)
  if (E.isRight(parsed)) return parsed
  const { left } = parsed
  return E.left(invalidMessage([{ path: '', message: 'reason' in left ? left.reason : left._tag }]))
}

/** The message of a frame. Left `InvalidMessage`. */
export const toMessage = (rules: Rules, frame: Data): E.Either<AgentError, unknown> =>
  typeof frame === 'string' ? textMessage(rules, frame) : E.right(frame)

// ---------------------------------------------------------------------------------------------------------------------
// messages out
// ---------------------------------------------------------------------------------------------------------------------

const toText = ({ format }: Rules, message: unknown): E.Either<AgentError, string> =>
  format === 'text' && typeof message === 'string' ? E.right(message) : encode(message)

/** Whether it is too large; a UTF-16 unit is at most three bytes, so most need not be measured. */
const isTooLarge = ({ maxPayload }: Rules, data: Data): boolean =>
  data.length * 3 > maxPayload && Buffer.byteLength(data) > maxPayload

const isBytes = (message: unknown): message is Uint8Array => {
  try {
    return message instanceof Uint8Array
  } catch {
    return false // a proxy that throws: it has no JSON either
  }
}

/** What a frame holds for a message. Left `Unencodable`, `MessageTooLarge`. */
export const toData = (rules: Rules, message: unknown): E.Either<AgentError, Data> => {
  const data: E.Either<AgentError, Data> = isBytes(message) ? E.right(message) : toText(rules, message)
  return E.isRight(data) && isTooLarge(rules, data.right) ? E.left(messageTooLarge(rules.maxPayload)) : data
}

const release = (link: Link): void => {
  link.isGathering = false
  link.connection.uncork()
}

/** What is sent before the next tick goes out in one write. */
export const gather = (link: Link): void => {
  if (link.isGathering) return
  link.isGathering = true
  link.connection.cork()
  process.nextTick(release, link)
}

/** The failure of a send on a socket that is closed, or is being closed. */
export const closed = ({ closedWith }: Link): E.Either<AgentError, never> => E.left(socketClosed(closedWith ?? 1005))

/** Writes a frame; `done` is called when it is written, or cannot be. */
export const write = ({ ws }: Link, data: Data, done?: (error?: Error) => void): void =>
  ws.send(data, { binary: typeof data !== 'string' }, done)

// ---------------------------------------------------------------------------------------------------------------------
// the end
// ---------------------------------------------------------------------------------------------------------------------

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
