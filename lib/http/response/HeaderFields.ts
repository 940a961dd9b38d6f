/**
 * What HTTP can carry as a header field. Header fields of failures, challenges and middleware come from user code, often
 * with names of users or files in them: a value is encoded where it has to be, and a response never fails for one.
 */
import { isFieldName, isFieldValue } from '../../node/http/RequestFields'

/** What of a value HTTP cannot carry, as one run: whole characters, and control characters but for tabs. */
const uncarried = /[^\t\x20-\x7e\x80-\xff]+/g

/** Header fields that tell where the body ends: the server's to set. */
const framing = /^(content-length|transfer-encoding)$/i

/** Whether a name and a value, of whatever type, can be sent as they are and are not the server's to set. */
export const isCarried = (name: string, value: unknown): boolean =>
  isFieldName(name) &&
  !framing.test(name) &&
  (typeof value === 'number' || (typeof value === 'string' && isFieldValue(value)))

const percentEncoded = (text: string): string =>
  [...Buffer.from(text, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** Header fields that can be sent, and the names of those that could not as they were. */
export interface Carried {
  readonly fields: Readonly<Record<string, string>>
  readonly flaws: ReadonlyArray<string>
}

/**
 * The given header fields, fit to be sent: what a value holds that HTTP cannot carry is percent-encoded as UTF-8; a
 * field whose name is not one, or that tells where the body ends, is dropped.
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
