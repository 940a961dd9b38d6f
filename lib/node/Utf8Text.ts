/** Decodes UTF-8 strictly. */
import { isUtf8 } from 'node:buffer'

/** The text of bytes, without a byte order mark; undefined if they are not UTF-8. */
export const fromUtf8 = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? withoutMark(bytes.toString('utf8')) : undefined

/** A text without its byte order mark. */
export const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
