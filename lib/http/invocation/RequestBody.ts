/** Reads a request body: limits its size, decompresses it, checks that it is UTF-8 and parses it as JSON. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import { fromUtf8 } from '../../node/Utf8Text'
import { type BodyFault, readBody } from '../../node/exchange/BoundedBody'
import {
  type AgentError,
  cancelled,
  invalidEncoding,
  overloaded,
  payloadTooLarge,
  unsupportedMediaType,
} from '../../core/AgentError'
import type { Budget, Hold } from '../../node/Budget'
import { trimBlanks } from '../../node/http/RequestFields'
import type { JsonLimits } from '../../core/JsonScan'
import { parse } from '../../core/Payload'
import { decompress, type DecompressionLimits, isKnown } from './Decompress'

/** Limits of a body. */
export interface BodyLimits extends JsonLimits, DecompressionLimits {
  /** Bytes on the wire. */
  readonly maxBody: number
}

/** Limits of one body, and the budget of all bodies. */
export interface BodyRules {
  readonly settings: BodyLimits
  readonly bodies: Budget
}

/** A body up to this size is not counted: there are no more of them than connections. */
const uncounted = 65_536

const toError = (fault: BodyFault, limit: number): AgentError => {
  switch (fault) {
    case 'too large':
      return payloadTooLarge(limit)
    case 'too many at once':
      return overloaded()
    case 'cut off':
      return cancelled
  }
}

const toText = (bytes: Buffer): E.Either<AgentError, string> => {
  const text = fromUtf8(bytes)
  if (text === undefined) return E.left(invalidEncoding('the body is not valid UTF-8'))
  return isWide(bytes)
    ? E.left(invalidEncoding('the body is encoded as UTF-16 or UTF-32: encode it as UTF-8'))
    : E.right(text)
}

/** Whether the first character takes more than a byte: JSON begins with ASCII, and has no NUL. */
const isWide = (bytes: Buffer): boolean => bytes[0] === 0 || bytes[1] === 0

const isPlainEncoding = (encoding: string): boolean => encoding === '' || encoding === 'identity'

const toEncoding = (req: IncomingMessage): string => trimBlanks(req.headers['content-encoding'] ?? '').toLowerCase()

/** A body's share of the budget. Created on demand: most bodies are too small to be counted. */
const holding = (
  bodies: Budget,
): { readonly hold: () => Hold; readonly take: (bytes: number) => boolean; readonly release: () => void } => {
  let made: Hold | undefined
  let size = 0
  const hold = (): Hold => (made ??= bodies.hold())
  return {
    hold,
    take: (bytes) => {
      size += bytes
      if (size <= uncounted) return true
      return size - bytes <= uncounted ? hold().take(size) : hold().take(bytes)
    },
    release: () => made?.release(),
  }
}

/** The JSON value of a body. Left: why it has none. */
export type Payload = E.Either<AgentError, unknown>

/** Receives the text of a body, which is otherwise released once it is parsed. */
export type OnText = (text: string) => void

const parseBytes = (bytes: E.Either<AgentError, Buffer>, limits: JsonLimits, onText?: OnText): Payload => {
  const text = E.isLeft(bytes) ? bytes : toText(bytes.right)
  if (E.isLeft(text)) return text
  onText?.(text.right)
  return parse(limits)(text.right)
}

/** The JSON value of a body that was read already, still encoded. */
export const parseBody = async (
  bytes: Uint8Array,
  req: IncomingMessage,
  { settings, bodies }: BodyRules,
): Promise<Payload> => {
  const encoding = toEncoding(req)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (whole.length > settings.maxBody) return E.left(payloadTooLarge(settings.maxBody))
  const hold = bodies.hold()
  try {
    const read = isPlainEncoding(encoding) ? E.right(whole) : await decompress(encoding, whole, settings, () => hold)
    return parseBytes(read, settings)
  } finally {
    hold.release()
  }
}

/** The JSON value of a request's body, whatever its content type. */
export const readJson = (req: IncomingMessage, { settings, bodies }: BodyRules, onText?: OnText): Promise<Payload> =>
  new Promise((resolve) => {
    const encoding = toEncoding(req)
    const isPlain = isPlainEncoding(encoding)
    if (!isPlain && !isKnown(encoding)) {
      req.resume()
      return resolve(E.left(unsupportedMediaType(encoding)))
    }
    const { hold, take, release } = holding(bodies)
    const settle = (bytes: E.Either<AgentError, Buffer>): void => {
      resolve(parseBytes(bytes, settings, onText))
      release()
    }
    readBody(req, { limit: settings.maxBody, take }, (read) => {
      if (E.isLeft(read)) settle(E.left(toError(read.left, settings.maxBody)))
      else if (isPlain) settle(read)
      else void decompress(encoding, read.right, settings, hold).then(settle)
    })
  })
