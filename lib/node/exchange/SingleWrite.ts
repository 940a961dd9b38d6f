/**
 * Writes the head of a message and a small body as one, for speed alone: Node joins a head with text, and writes it and
 * a buffer as two.
 *
 * @since 0.2.0
 */
import type { OutgoingMessage } from 'node:http'

/** Up to which size a body is copied behind the head, which is quicker than to write them as two. */
const small = 16_384

/** Ends a message with the last part of its body. */
export const endWith = (message: OutgoingMessage, part: Uint8Array): void => {
  if (part.length <= small)
    message.end(Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1'), 'latin1')
  else message.end(part)
}
