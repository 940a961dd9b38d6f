/** Converts between frames and messages: JSON or text, by the agent's format, or bytes; within the limits. */
import * as E from 'fp-ts/Either'
import type { Format } from '../../core/Agent'
import { type AgentError, invalidMessage, messageTooLarge } from '../../core/AgentError'
import { encode } from '../../core/Json'
import { parse } from '../../core/Payload'
import { isTooLarge } from '../../node/websocket/FrameSender'
import type { ConnectionLimits, Frame } from '../../node/websocket/WebSocketConnection'
import type { Settings } from '../state/Options'

/** The limits and the format of an app's messages. */
export interface MessageRules extends ConnectionLimits {
  readonly format: Format
  readonly toValue: (text: string) => E.Either<AgentError, unknown>
}

/** The message rules of an app's settings. */
export const toRules = (
  format: Format,
  { websocket: { maxPayload, highWaterMark, maxQueue }, maxDepth, maxNodes }: Settings,
): MessageRules => ({ format, maxPayload, highWaterMark, maxQueue, toValue: parse({ maxDepth, maxNodes }) })

/** Decodes a frame. Left `InvalidMessage`. */
export const toMessage = (rules: MessageRules, frame: Frame): E.Either<AgentError, unknown> =>
  typeof frame === 'string' ? textMessage(rules, frame) : E.right(frame)

const textMessage = ({ format, toValue }: MessageRules, text: string): E.Either<AgentError, unknown> => {
  if (format === 'text') return E.right(text)
  const parsed = toValue(text)
  if (E.isRight(parsed)) return parsed
  const { left } = parsed
  return E.left(invalidMessage([{ path: '', message: 'reason' in left ? left.reason : left._tag }]))
}

/** Encodes a message. Left `Unencodable`, `MessageTooLarge`. */
export const toFrame = (rules: MessageRules, message: unknown): E.Either<AgentError, Frame> => {
  const frame: E.Either<AgentError, Frame> = isBytes(message) ? E.right(message) : toText(rules, message)
  return E.isRight(frame) && isTooLarge(rules, frame.right) ? E.left(messageTooLarge(rules.maxPayload)) : frame
}

const isBytes = (message: unknown): message is Uint8Array => {
  try {
    return message instanceof Uint8Array
  } catch {
    return false // a throwing proxy cannot be encoded either
  }
}

const toText = ({ format }: MessageRules, message: unknown): E.Either<AgentError, string> =>
  format === 'text' && typeof message === 'string' ? E.right(message) : encode(message)
