/** Reads message bodies, limited in size and by a memory budget shared between bodies. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'

/** Why a body could not be read. */
export type BodyFault = 'too large' | 'too many at once' | 'cut off'

/** Limits of one body. */
export interface BodyBounds {
  /** The maximum number of bytes. */
  readonly limit: number
  /** Asked for each chunk whether that many more bytes may be held. */
  readonly take: (bytes: number) => boolean
}

/**
 * Reads a whole body and calls `done` once. After a fault the rest is drained, so that the sender sees the response;
 * `done` may pause or destroy the message instead. The listeners stay: removing them costs more than ignoring their
 * events.
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

/** The first bytes of a body, up to a limit, as far as they arrive: for a message whose status matters most. */
export const readStart = async (message: IncomingMessage, limit: number): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk) // a Buffer: no encoding was set
      size += chunk.length
      if (size > limit) break
    }
  } catch {
    // aborted: keep what arrived
  }
  return Buffer.concat(chunks).subarray(0, limit)
}
