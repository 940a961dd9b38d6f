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
  return text === undefined ? E.left(invalidEncoding('the body is not valid UTF-8')) : E.right(text)
}

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

/** The JSON value of a body that was read already, still encoded. */
export const parseBody = async (
  bytes: Uint8Array,
  req: IncomingMessage,
  { settings, bodies }: BodyRules,
): Promise<E.Either<AgentError, unknown>> => {
  const encoding = toEncoding(req)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (whole.length > settings.maxBody) return E.left(payloadTooLarge(settings.maxBody))
  const hold = bodies.hold()
  try {
    const read = isPlainEncoding(encoding) ? E.right(whole) : await decompress(encoding, whole, settings, () => hold)
    const text = E.isLeft(read) ? read : toText(read.right)
    return E.isLeft(text) ? text : parse(settings)(text.right)
  } finally {
    hold.release()
  }
}

/** The JSON value of a request's body, whatever its content type. */
export const readJson = (
  req: IncomingMessage,
  { settings, bodies }: BodyRules,
): Promise<E.Either<AgentError, unknown>> =>
  new Promise((resolve) => {
    const encoding = toEncoding(req)
    const isPlain = isPlainEncoding(encoding)
    if (!isPlain && !isKnown(encoding)) {
      req.resume()
      return resolve(E.left(unsupportedMediaType(encoding)))
    }
    const { hold, take, release } = holding(bodies)
    const parseBytes = (bytes: E.Either<AgentError, Buffer>): void => {
      const text = E.isLeft(bytes) ? bytes : toText(bytes.right)
      resolve(E.isLeft(text) ? text : parse(settings)(text.right))
      release()
    }
    readBody(req, { limit: settings.maxBody, take }, (read) => {
      if (E.isLeft(read)) parseBytes(E.left(toError(read.left, settings.maxBody)))
      else if (isPlain) parseBytes(read)
      else void decompress(encoding, read.right, settings, hold).then(parseBytes)
    })
  })
