/** Decompresses a body as a stream, so that a decompression bomb is stopped early. */
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

/** Limits on decompression. */
export interface DecompressionLimits {
  /** Bytes. */
  readonly maxDecompressed: number
  /** The maximum ratio to the size on the wire; bodies of up to 1 MB are exempt. */
  readonly maxRatio: number
}

/**
 * Up to this size the ratio is not checked: small bodies of similar rows have no bound on their ratio, and take less
 * than 0.1 seconds to parse whatever they contain.
 */
const exempt = 1_000_000

/** Up to this size a body does not count against the budget. */
const uncounted = 65_536

const decompressors = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const

/** Whether a content encoding is supported. */
export const isKnown = (encoding: string): encoding is keyof typeof decompressors =>
  Object.hasOwn(decompressors, encoding)

/** The decompressed size allowed for a body of a given size. */
export const toBound = (wire: number, { maxDecompressed, maxRatio }: DecompressionLimits): number =>
  Math.min(maxDecompressed, Math.max(exempt, Math.floor(wire * maxRatio)))

/** Decompresses a body. Left `PayloadTooLarge`, `Overloaded`, `InvalidEncoding`, `UnsupportedMediaType`. */
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
