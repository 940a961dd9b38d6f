/**
 * AWS's binary event stream: messages from bytes, each with its headers and a payload, decoded by AWS's own codec, which
 * checks both of a message's checksums. Only where a message ends is found here.
 *
 * @since 0.2.0
 */
import type { EventStreamCodec } from '@smithy/eventstream-codec'
import * as E from 'fp-ts/Either'
import { joined } from './ResponseBody'
import type { ClientError } from '../error/ClientError'
import { toFailure, through } from './AsyncIterables'

/** A message: its headers that are text, by name, and its payload. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A message has at most so many bytes. */
export const maxMessage = 16_777_216

/** Two lengths and a checksum before, a checksum behind. */
const least = 16

const broken = (reason: string): E.Either<ClientError, never> => E.left({ _tag: 'InvalidAnswer', reason })

const toLength = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)

const load = async (): Promise<EventStreamCodec> => {
  const codec = await import('@smithy/eventstream-codec')
  return new codec.EventStreamCodec(
    (text: Uint8Array | string) =>
      new TextDecoder().decode(typeof text === 'string' ? new TextEncoder().encode(text) : text),
    (text) => new TextEncoder().encode(text),
  )
}

const decoded = (codec: EventStreamCodec, bytes: Uint8Array): E.Either<ClientError, Message> => {
  try {
    const { headers, body } = codec.decode(bytes)
    const texts = Object.entries(headers).flatMap(([name, { type, value }]) =>
      type === 'string' ? [[name, value] as const] : [],
    )
    return E.right({ headers: Object.fromEntries(texts), body })
  } catch {
    return broken('corrupt message in the event stream')
  }
}

/** Bytes that have come and belong to no message yet. They are joined only once there are enough of them. */
const gather = (): {
  readonly add: (part: Uint8Array) => void
  readonly take: (least: number) => Uint8Array | undefined
} => {
  let parts: Array<Uint8Array> = []
  let size = 0
  return {
    add: (part) => {
      parts.push(part)
      size += part.length
    },
    take: (count) => {
      if (size < count) return undefined
      const all = joined(parts, size)
      parts = [all.subarray(count)]
      size -= count
      return all.subarray(0, count)
    },
  }
}

const messages = async function* (
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<E.Either<ClientError, Message>, void> {
  const codec = await load()
  const { add, take } = gather()
  let head: Uint8Array | undefined
  try {
    for await (const part of source) {
      add(part)
      for (;;) {
        head ??= take(4)
        if (head === undefined) break
        const length = toLength(head)
        if (length < least || length > maxMessage) {
          yield broken('message with an invalid length in the event stream')
          return
        }
        const rest = take(length - 4)
        if (rest === undefined) break
        const message = decoded(codec, joined([head, rest], length))
        head = undefined
        yield message
        if (E.isLeft(message)) return
      }
    }
  } catch (cause) {
    yield E.left(toFailure(cause))
    return
  }
  if (head !== undefined || take(1) !== undefined) yield E.left({ _tag: 'Truncated' })
}

/**
 * The messages of a body; after a left comes nothing. Left: `InvalidAnswer` for a damaged message, `Truncated` for a part
 * of one at the end, and what the body throws.
 */
export const decode: (body: AsyncIterable<Uint8Array>) => AsyncIterable<E.Either<ClientError, Message>> =
  through(messages)
