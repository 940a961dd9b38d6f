/** The bytes of a message's body, bounded: in size, and in what all bodies together may hold. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'

/** Why a body is not there. */
export type BodyFault = 'too large' | 'too many at once' | 'cut off'

/** Bounds of one body. */
export interface BodyBounds {
  /** The most bytes that it may have. */
  readonly limit: number
  /** Asked for each chunk whether so many bytes more may be held. */
  readonly take: (bytes: number) => boolean
}

/**
 * Reads a whole body, and calls `done` once. What comes after a fault is read and thrown away, so that the sender sees
 * the answer; `done` may pause or destroy the message instead. The listeners stay: taking them off costs more than to
 * ignore what they say.
 */
export const readBody = (
  message: IncomingMessage,
  { limit, take }: BodyBounds,
  done: (read: E.Either<BodyFault, Buffer>) => void,
): void => {
  const chunks: Array<Buffer> = []
  let size = 0
  let isOver = false
  const fail = (fault: BodyFault): void => {
    isOver = true
    chunks.length = 0
    message.resume()
    done(E.left(fault))
  }
  if (Number(message.headers['content-length']) > limit) return fail('too large')
  if (message.destroyed) return fail('cut off')
  message.on('data', (chunk: Buffer) => {
    if (isOver) return
    size += chunk.length
    if (size > limit) return fail('too large')
    if (!take(chunk.length)) return fail('too many at once')
    chunks.push(chunk)
  })
  message.on('end', () => {
    if (isOver) return
    isOver = true
    const [only] = chunks
    done(E.right(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size)))
  })
  message.on('close', () => {
    if (!isOver) fail('cut off')
  })
}

/** The first bytes of a body, at most so many, as far as they come: for a message whose status says the most of it. */
export const readStart = async (message: IncomingMessage, limit: number): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk) // no encoding was set
      size += chunk.length
      if (size > limit) break
    }
  } catch {
    // it was cut off
  }
  return Buffer.concat(chunks).subarray(0, limit)
}
