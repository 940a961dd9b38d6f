/**
 * The headers of a request and, on `/ws`, those in its query, without ambiguity: a name with two values is rejected
 * rather than resolved, because one value could be checked or signed and the other one used.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { customPrefix, header, type RawHeaders, joined } from '../../core/Protocol'

/** Why a request is rejected: the header at fault, and what is wrong with it. */
export interface FieldFault {
  readonly name: string
  readonly message: string
}

const token = /^[!#$%&'*+.^_`|~\w-]+$/

const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

/**
 * A header value without the spaces and tabs around it. `trim` would also remove a non-breaking space, which is part of
 * the value for every other HTTP implementation.
 */
export const trimBlanks = (text: string): string => {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

/** Whether HTTP can carry a text as the name of a header. */
export const isFieldName = (text: string): boolean => token.test(text)

/** Whether HTTP can carry a text as the value of a header: no control characters but tab, nothing above U+00FF. */
export const isFieldValue = (text: string): boolean => fieldValue.test(text)

/**
 * Headers as lines of a message that bypasses Node's own checks. Invalid ones are dropped: a line break in a value
 * would end the header and inject whatever follows.
 */
export const headerLines = (headers: Iterable<readonly [string, string]>): ReadonlyArray<string> =>
  [...headers].flatMap(([name, value]) => (isFieldName(name) && isFieldValue(value) ? [`${name}: ${value}`] : []))

/** The headers of a message by lower-case name, each with one value. */
export const joinedFields = (headers: RawHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, sent]) => {
      const value = joined(sent)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )

const shown = (name: string): string => (isFieldName(name) ? name : JSON.stringify(name)).slice(0, 120)

const fault = (name: string, message: string): E.Either<FieldFault, never> => E.left({ name: shown(name), message })

const isHeader = (name: string): boolean => name === header.sessionId || name.startsWith(customPrefix)

/**
 * Merges the headers with the session id and custom headers that a WebSocket client may send as query parameters. Left:
 * a name that occurs twice, even with one value, or a parameter that is not a valid header.
 */
export const withQuery = (headers: RawHeaders, query: string): E.Either<FieldFault, RawHeaders> => {
  const found: Record<string, string> = {}
  for (const [parameter, value] of new URLSearchParams(query)) {
    const name = parameter.toLowerCase()
    if (!isHeader(name)) continue
    if (!isFieldName(name)) return fault(name, 'its name contains characters that are not allowed in a header name')
    if (!isFieldValue(value)) return fault(name, 'its value contains characters that are not allowed in a header')
    const sent = found[name] ?? headers[name]
    if (sent !== undefined) return fault(name, 'it is sent twice; send it once, as a header or as a query parameter')
    found[name] = value
  }
  return E.right({ ...headers, ...found })
}

/** Single-valued headers that decide identity: session, user and token. */
const single: ReadonlyArray<string> = [
  header.sessionId,
  header.userId,
  header.workloadAccessToken,
  header.legacyWorkloadAccessToken,
  header.oauth2CallbackUrl,
  'mcp-session-id',
]

const count = (rawHeaders: ReadonlyArray<string>, name: string): number =>
  rawHeaders.reduce((sum, text, i) => (i % 2 === 0 && text.toLowerCase() === name ? sum + 1 : sum), 0)

/** A single-valued header that was sent more than once; undefined for nearly every request. */
export const repeated = (headers: RawHeaders, rawHeaders: ReadonlyArray<string>): FieldFault | undefined => {
  for (const name of single) {
    const value = headers[name]
    // Servers join repeated values, so only a value with a comma can be more than one.
    if (value?.includes(', ') === true && count(rawHeaders, name) > 1)
      return { name, message: 'it is sent more than once; send it once' }
  }
  return undefined
}
