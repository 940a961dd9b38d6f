/** Decodes text strictly: bytes that are none are no text, instead of text with replacement characters. */
import { isUtf8 } from 'node:buffer'

/** The text of bytes, without a byte order mark; undefined if they are not UTF-8. */
export const fromUtf8 = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? withoutMark(bytes.toString('utf8')) : undefined

/** A text without its byte order mark. */
export const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

/**
 * The text of a file or a pipe of this machine, without a byte order mark: UTF-8, or UTF-16 that begins with the mark,
 * as PowerShell and editors on Windows write it. Undefined if it is neither. A zero byte is in no text: UTF-16 without
 * the mark would pass for UTF-8.
 */
export const decodeText = (bytes: Buffer): string | undefined => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return fromUtf16('utf-16le', bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return fromUtf16('utf-16be', bytes)
  return bytes.includes(0) ? undefined : fromUtf8(bytes)
}

const fromUtf16 = (encoding: 'utf-16le' | 'utf-16be', bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined // half a character
  }
}
