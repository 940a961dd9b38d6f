/** Text from bytes that must be UTF-8. */
import { isUtf8 } from 'node:buffer'

/** The text of bytes, without the mark that some editors begin one with; undefined for what is not UTF-8. */
export const fromUtf8 = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? withoutMark(bytes.toString('utf8')) : undefined

/** A text without a byte order mark. */
export const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
