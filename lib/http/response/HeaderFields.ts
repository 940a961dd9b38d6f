/**
 * Makes headers safe for HTTP. Headers of failures, challenges and middleware come from user code, often with names of
 * users or files in them: a value is encoded if necessary, so that no response fails because of one.
 */
import { isFieldName, isFieldValue } from '../../node/http/RequestFields'

/** A run of characters that are invalid in a header: whole characters, and control characters other than tabs. */
const uncarried = /[^\t\x20-\x7e\x80-\xff]+/g

/** Headers that frame the body: only the server may set them. */
const framing = /^(content-length|transfer-encoding)$/i

/** Whether a name and value of any type can be sent unchanged, and are not the server's to set. */
export const isCarried = (name: string, value: unknown): boolean =>
  isFieldName(name) &&
  !framing.test(name) &&
  (typeof value === 'number' || (typeof value === 'string' && isFieldValue(value)))

const percentEncoded = (text: string): string =>
  [...Buffer.from(text, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** Headers that can be sent, and the names of those that had to be changed or dropped. */
export interface Carried {
  readonly fields: Readonly<Record<string, string>>
  readonly flaws: ReadonlyArray<string>
}

/**
 * Makes headers valid: characters of a value that HTTP does not allow are percent-encoded as UTF-8; a header with an
 * invalid name, or one that frames the body, is dropped.
 */
export const carried = (headers: Readonly<Record<string, string>>): Carried => {
  const entries = Object.entries(headers)
  const flaws = entries.filter(([name, value]) => !isCarried(name, value)).map(([name]) => name.slice(0, 40))
  if (flaws.length === 0) return { fields: headers, flaws }
  const kept = entries.filter(([name]) => isFieldName(name) && !framing.test(name))
  return {
    fields: Object.fromEntries(kept.map(([name, value]) => [name, value.replace(uncarried, percentEncoded)])),
    flaws,
  }
}
