/**
 * Text from outside, made fit to be shown in a message, to be a part of a URL or a value of a header.
 *
 * @since 0.2.0
 */
import { isFieldName } from '../../node/http/RequestFields'

/** Shortens a text for a message: one line of at most 100 characters. */
export const shown = (text: string): string => {
  const line = text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')
  return text.length > 100 ? `${line}…` : line
}

/** Whether every UTF-16 unit of a text is a character or a half of one: what has no UTF-8 cannot be sent. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** Percent-encodes all but the unreserved characters of RFC 3986, as signatures ask for. The text is well-formed. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Visible ASCII, spaces and tabs: less than HTTP allows, because servers differ in how they read other bytes of a header,
 * and a signature is over the text.
 */
export const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e]*$/.test(text)

/** A name that HTTP allows for a header, of at most 256 characters. */
export const isHeaderName = (text: string): boolean => text.length <= 256 && isFieldName(text)
