/**
 * The canonical form of a request, which AWS Signature Version 4 signs: pure strings. A request is taken as it was sent,
 * its bytes as characters up to 255, as Node gives them.
 */

/** Header fields by their name in lower case, with every value that was sent. */
export type Fields = ReadonlyMap<string, ReadonlyArray<string>>

/** What is signed. */
export interface Signable {
  readonly method: string
  /** The path as it was sent. */
  readonly path: string
  /** What follows the question mark, as it was sent. */
  readonly query: string
  readonly fields: Fields
  /** The names of the signed fields, in lower case. */
  readonly signed: ReadonlyArray<string>
  /** SHA-256 of the body, in hexadecimal. */
  readonly bodyHash: string
}

// ---------------------------------------------------------------------------------------------------------------------
// encoding
// ---------------------------------------------------------------------------------------------------------------------

const hex = (code: number): string => `%${code.toString(16).toUpperCase().padStart(2, '0')}`

/** Percent-encodes all but unreserved characters and those that are kept. */
const encode = (text: string, kept = ''): string =>
  text.replace(/[^\w.~-]/g, (char) => (kept.includes(char) ? char : hex(char.charCodeAt(0))))

/** A part of a query in the one way that it may be encoded: a plus sign and `%20` are both a space. */
const reencode = (text: string): string =>
  text.replace(/%([0-9a-f]{2})|[^]/gi, (char: string, digits: string | undefined) => {
    if (digits !== undefined) return encode(String.fromCharCode(parseInt(digits, 16)))
    return char === '+' ? '%20' : encode(char)
  })

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

/** A path without empty and dot segments, encoded once more: its percent signs are encoded too. */
export const canonicalPath = (path: string): string => {
  const kept: Array<string> = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const slash = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return encode(`/${kept.join('/')}${slash}`, '/')
}

/** The parameters of a query as they were sent, by their name and value in canonical encoding. */
export const parseParameters = (query: string): ReadonlyArray<readonly [name: string, value: string]> =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
      return [reencode(name), reencode(value)]
    })

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The query in canonical order, without the signature itself. */
export const canonicalQuery = (query: string): string =>
  [...parseParameters(query)]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

const canonicalValue = (value: string): string => value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')

/** The signed fields, a line each. */
export const canonicalFields = (fields: Fields, signed: ReadonlyArray<string>): string =>
  signed.map((name) => `${name}:${(fields.get(name) ?? []).map(canonicalValue).join(',')}\n`).join('')

/** The canonical request. Its bytes are its characters. */
export const canonicalRequest = ({ method, path, query, fields, signed, bodyHash }: Signable): string =>
  [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    canonicalFields(fields, signed),
    signed.join(';'),
    bodyHash,
  ].join('\n')
