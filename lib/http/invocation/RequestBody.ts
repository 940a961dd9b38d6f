/** Reads the body of a request: bounded in size, decompressed, checked to be UTF-8, parsed as JSON. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
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
  /** Bytes as they come over the wire. */
  readonly maxBody: number
}

/** Limits of one body, and what all bodies may hold at once. */
export interface BodyRules {
  readonly settings: BodyLimits
  readonly bodies: Budget
}

/** A body of at most so many bytes is never counted: there are no more of them than connections. */
const uncounted = 65_536

/**
 * All bytes of a request. What comes after a refusal is read and thrown away, so that the client sees the answer. The
 * listeners stay: after the first outcome nothing that they say counts, and taking them off costs more.
 */
const readBytes = (
  req: IncomingMessage,
  limit: number,
  hold: () => Hold,
  done: (read: E.Either<AgentError, Buffer>) => void,
): void => {
  const parts: Array<Buffer> = []
  let size = 0
  let counted = 0
  let isRefused = false
  if (Number(req.headers['content-length']) > limit) {
    req.resume()
    return done(E.left(payloadTooLarge(limit)))
  }
  if (req.destroyed) return done(E.left(cancelled))
  const refuse = (error: AgentError): void => {
    isRefused = true
    parts.length = 0
    done(E.left(error))
  }
  req.on('data', (part: Buffer) => {
    if (isRefused) return
    size += part.length
    if (size > limit) return refuse(payloadTooLarge(limit))
    if (size > uncounted) {
      if (!hold().take(size - counted)) return refuse(overloaded())
      counted = size
    }
    parts.push(part)
  })
  req.on('end', () => {
    if (isRefused) return
    const [only] = parts
    done(E.right(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, size)))
  })
  req.on('close', () => done(E.left(cancelled)))
}

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

const toText = (bytes: Buffer): E.Either<AgentError, string> =>
  isUtf8(bytes) ? E.right(withoutMark(bytes.toString('utf8'))) : E.left(invalidEncoding('the body is not valid UTF-8'))

const isPlainEncoding = (encoding: string): boolean => encoding === '' || encoding === 'identity'

const toEncoding = (req: IncomingMessage): string => trimBlanks(req.headers['content-encoding'] ?? '').toLowerCase()

/** Made when it is first asked for: most bodies are too small to be counted. */
const holding = (bodies: Budget): { readonly hold: () => Hold; readonly release: () => void } => {
  let made: Hold | undefined
  return { hold: () => (made ??= bodies.hold()), release: () => made?.release() }
}

/** The JSON value of a body that is there already, as it came over the wire. */
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

/** The JSON value of a request's body, whatever its content type says. */
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
    const { hold, release } = holding(bodies)
    const parseBytes = (bytes: E.Either<AgentError, Buffer>): void => {
      const text = E.isLeft(bytes) ? bytes : toText(bytes.right)
      resolve(E.isLeft(text) ? text : parse(settings)(text.right))
      release()
    }
    let isRead = false
    readBytes(req, settings.maxBody, hold, (read) => {
      if (isRead) return // `close` may come while the bytes are decompressed
      isRead = true
      if (isPlain || E.isLeft(read)) parseBytes(read)
      else void decompress(encoding, read.right, settings, hold).then(parseBytes)
    })
  })
