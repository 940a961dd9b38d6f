/**
 * What the signing functions use of Node's crypto, over `@noble/hashes`, for the bundle that browsers load: SHA-256, its
 * HMAC and random ids. `spec/browser` holds it to Node's own.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** Text is UTF-8. */
type Data = string | Uint8Array

/** A digest in the making, of which each step is another value. */
interface Digest {
  readonly update: (data: Data) => Digest
  digest(encoding: 'hex'): string
  digest(): Uint8Array
}

const bytesOf = (data: Data): Uint8Array => (typeof data === 'string' ? utf8ToBytes(data) : data)

const digestOf = (compute: (data: Uint8Array) => Uint8Array, parts: ReadonlyArray<Uint8Array> = []): Digest => {
  function digest(encoding: 'hex'): string
  function digest(): Uint8Array
  function digest(encoding?: 'hex'): string | Uint8Array {
    const result = compute(Uint8Array.from(parts.flatMap((part) => [...part])))
    return encoding === 'hex' ? bytesToHex(result) : result
  }
  return { update: (data) => digestOf(compute, [...parts, bytesOf(data)]), digest }
}

export const createHash = (_algorithm: 'sha256'): Digest => digestOf(sha256)

export const createHmac = (_algorithm: 'sha256', key: Data): Digest =>
  digestOf((data) => hmac(sha256, bytesOf(key), data))

/** A random UUID, also on pages without TLS, where browsers have none of their own. */
export const randomUUID = (): string => {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  const versioned = bytes.map((byte, i) => (i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte))
  return bytesToHex(versioned).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
