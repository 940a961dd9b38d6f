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

/** All bytes of a request. What comes after a refusal is read and thrown away, so that the client sees the answer. */
const readBytes = (req: IncomingMessage, limit: number): Promise<E.Either<AgentError, Buffer>> =>
  new Promise((resolve) => {
    const refuse = (): void => {
      settle(E.left(payloadTooLarge(limit)))
      req.resume()
    }
    const parts: Array<Buffer> = []
    let size = 0
    const onData = (part: Buffer): void => {
      size += part.length
      if (size > limit) refuse()
      else parts.push(part)
    }
    const onEnd = (): void => {
      const [only] = parts
      settle(E.right(only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, size)))
    }
    const onClose = (): void => settle(E.left(cancelled))
    const settle = (result: E.Either<AgentError, Buffer>): void => {
      req.off('data', onData).off('end', onEnd).off('error', onClose).off('close', onClose)
      if (E.isLeft(result)) req.on('error', () => undefined) // the connection may still break; nobody waits any more
      resolve(result)
    }
    if (Number(req.headers['content-length']) > limit) return refuse()
    if (req.destroyed) return onClose()
    req.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose)
  })

const decompressors = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const

const isKnown = (encoding: string): encoding is keyof typeof decompressors => Object.hasOwn(decompressors, encoding)

const isTooLarge = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'

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

const encodingOf = (req: IncomingMessage): string => (req.headers['content-encoding'] ?? '').trim().toLowerCase()

/** The JSON value of a request's body, whatever its content type says. */
export const readJson = async (req: IncomingMessage, limits: BodyLimits): Promise<E.Either<AgentError, unknown>> => {
  const encoding = encodingOf(req)
  const isPlain = encoding === '' || encoding === 'identity'
  if (!isPlain && !isKnown(encoding)) {
    req.resume()
    return E.left(unsupportedMediaType(encoding))
  }
  const read = await readBytes(req, limits.maxBody)
  const bytes = isPlain || E.isLeft(read) ? read : await decompress(encoding, read.right, limits.maxBody)
  if (E.isLeft(bytes)) return bytes
  const text = toText(bytes.right)
  return E.isLeft(text) ? text : parse(limits.maxDepth)(text.right)
}
