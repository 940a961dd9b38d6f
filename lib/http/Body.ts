/** Reads the body of a request: bounded in size, decompressed, checked to be UTF-8, parsed as JSON. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import * as E from 'fp-ts/Either'
import { type AgentError, cancelled, invalidEncoding, payloadTooLarge, unsupportedMediaType } from '../core/AgentError'
import { parse } from '../core/Payload'

/** Limits of a body. */
export interface BodyLimits {
  /** Bytes, both before and after decompression. */
  readonly maxBody: number
  /** Levels of nesting. */
  readonly maxDepth: number
}

/**
 * All bytes of a request. What comes after a refusal is read and thrown away, so that the client sees the answer. The
 * listeners stay: after the first outcome nothing that they say counts, and taking them off costs more.
 */
const readBytes = (req: IncomingMessage, limit: number, done: (read: E.Either<AgentError, Buffer>) => void): void => {
  const parts: Array<Buffer> = []
  let size = 0
  if (Number(req.headers['content-length']) > limit) {
    req.resume()
    return done(E.left(payloadTooLarge(limit)))
  }
  if (req.destroyed) return done(E.left(cancelled))
  req.on('data', (part: Buffer) => {
    size += part.length
    if (size <= limit) return void parts.push(part)
    parts.length = 0
    done(E.left(payloadTooLarge(limit)))
  })
  req.on('end', () => {
    const [only] = parts
    if (size <= limit) done(E.right(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, size)))
  })
  req.on('close', () => done(E.left(cancelled)))
}

const decompressors = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const

const isKnown = (encoding: string): encoding is keyof typeof decompressors => Object.hasOwn(decompressors, encoding)

const isTooLarge = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'

const decompress = async (encoding: string, bytes: Buffer, limit: number): Promise<E.Either<AgentError, Buffer>> => {
  if (!isKnown(encoding)) return E.left(unsupportedMediaType(encoding))
  try {
    return E.right(await decompressors[encoding](bytes, { maxOutputLength: limit }))
  } catch (cause) {
    return E.left(isTooLarge(cause) ? payloadTooLarge(limit) : invalidEncoding(`the body is not valid ${encoding}`))
  }
}

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

const toText = (bytes: Buffer): E.Either<AgentError, string> =>
  isUtf8(bytes) ? E.right(withoutMark(bytes.toString('utf8'))) : E.left(invalidEncoding('the body is not valid UTF-8'))

const isPlainEncoding = (encoding: string): boolean => encoding === '' || encoding === 'identity'

const encodingOf = (req: IncomingMessage): string => (req.headers['content-encoding'] ?? '').trim().toLowerCase()

/** The JSON value of a body that is there already, as it came over the wire. */
export const parseBody = async (
  bytes: Uint8Array,
  req: IncomingMessage,
  { maxBody, maxDepth }: BodyLimits,
): Promise<E.Either<AgentError, unknown>> => {
  const encoding = encodingOf(req)
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (whole.length > maxBody) return E.left(payloadTooLarge(maxBody))
  const read = isPlainEncoding(encoding) ? E.right(whole) : await decompress(encoding, whole, maxBody)
  const text = E.isLeft(read) ? read : toText(read.right)
  return E.isLeft(text) ? text : parse(maxDepth)(text.right)
}

/** The JSON value of a request's body, whatever its content type says. */
export const readJson = (
  req: IncomingMessage,
  { maxBody, maxDepth }: BodyLimits,
): Promise<E.Either<AgentError, unknown>> =>
  new Promise((resolve) => {
    const encoding = encodingOf(req)
    const isPlain = isPlainEncoding(encoding)
    if (!isPlain && !isKnown(encoding)) {
      req.resume()
      return resolve(E.left(unsupportedMediaType(encoding)))
    }
    const parseBytes = (bytes: E.Either<AgentError, Buffer>): void => {
      const text = E.isLeft(bytes) ? bytes : toText(bytes.right)
      resolve(E.isLeft(text) ? text : parse(maxDepth)(text.right))
    }
    let isRead = false
    readBytes(req, maxBody, (read) => {
      if (isRead) return // `close` may come while the bytes are decompressed
      isRead = true
      if (isPlain || E.isLeft(read)) parseBytes(read)
      else void decompress(encoding, read.right, maxBody).then(parseBytes)
    })
  })
