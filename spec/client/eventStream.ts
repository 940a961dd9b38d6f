/** Messages of AWS's event stream, as its own codec makes them. */
import { EventStreamCodec } from '@smithy/eventstream-codec'

const codec = new EventStreamCodec(
  (text: Uint8Array | string) => (typeof text === 'string' ? text : Buffer.from(text).toString('utf8')),
  (text) => Buffer.from(text),
)

/** A message with headers that are text, and a body of JSON. */
export const message = (headers: Readonly<Record<string, string>>, body: unknown): Uint8Array =>
  codec.encode({
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, { type: 'string' as const, value }]),
    ),
    body: Buffer.from(JSON.stringify(body)),
  })

/** An event of a command. */
export const chunk = (value: object): Uint8Array =>
  message({ ':message-type': 'event', ':event-type': 'chunk', ':content-type': 'application/json' }, value)

/** A failure in the midst. */
export const exception = (type: string, body: object): Uint8Array =>
  message({ ':message-type': 'exception', ':exception-type': type }, body)
