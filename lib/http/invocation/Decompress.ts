/** Decompresses a body as a stream, so that one which unfolds to too much is stopped on the way. */
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import * as E from 'fp-ts/Either'
import {
  type AgentError,
  invalidEncoding,
  overloaded,
  payloadTooLarge,
  unsupportedMediaType,
} from '../../core/AgentError'
import type { Hold } from '../../node/Budget'

/** What decompression may make of a body. */
export interface DecompressionLimits {
  /** Bytes. */
  readonly maxDecompressed: number
  /** How many times as large as on the wire; bodies of up to 1 MB are exempt. */
  readonly maxRatio: number
}

/**
 * Up to this size the ratio does not count: small bodies of equal rows compress without limit, and take less than
 * 0.1 seconds to parse whatever is in them.
 */
const exempt = 1_000_000

/** Up to this size nothing is taken from the budget of all bodies. */
const uncounted = 65_536

const decompressors = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const

/** Whether a content encoding is known here. */
export const isKnown = (encoding: string): encoding is keyof typeof decompressors =>
  Object.hasOwn(decompressors, encoding)

/** How many bytes a body of a given size may become. */
export const toBound = (wire: number, { maxDecompressed, maxRatio }: DecompressionLimits): number =>
  Math.min(maxDecompressed, Math.max(exempt, Math.floor(wire * maxRatio)))

/** The bytes of a compressed body. Left `PayloadTooLarge`, `Overloaded`, `InvalidEncoding`, `UnsupportedMediaType`. */
export const decompress = (
  encoding: string,
  bytes: Buffer,
  limits: DecompressionLimits,
  hold: () => Hold,
): Promise<E.Either<AgentError, Buffer>> => {
  if (!isKnown(encoding)) return Promise.resolve(E.left(unsupportedMediaType(encoding)))
  const bound = toBound(bytes.length, limits)
  return new Promise((resolve) => {
    const engine = decompressors[encoding]()
    const parts: Array<Buffer> = []
    let size = 0
    let counted = 0
    const refuse = (error: AgentError): void => {
      engine.destroy()
      parts.length = 0
      resolve(E.left(error))
    }
    engine.on('data', (part: Buffer) => {
      size += part.length
      if (size > bound) return refuse(payloadTooLarge(bound, true))
      if (size > uncounted) {
        if (!hold().take(size - counted)) return refuse(overloaded())
        counted = size
      }
      parts.push(part)
    })
    engine.on('error', () => refuse(invalidEncoding(`the body is not valid ${encoding}`)))
    engine.on('end', () => resolve(E.right(Buffer.concat(parts, size))))
    engine.end(bytes)
  })
}
