/**
 * AWS Signature Version 4, as pure functions: clock and keys are arguments. `aws4` computes it, from a request of its
 * own that is written so that every reader of it agrees: each parameter percent-encoded by RFC 3986, each header once.
 *
 * @since 0.2.0
 */
import aws4 = require('aws4')
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { ClientError } from '../error/ClientError'
import { isPath } from '../target/Endpoint'
import type { Credentials } from '../transport/Environment'
import { queryText } from '../target/Target'
import { isHeaderName, isHeaderValue, shown } from '../error/HeaderText'
import type { Request } from '../transport/Transport'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a signature is for. */
export interface Scope {
  readonly region: string
  /** `bedrock-agentcore` unless it is given. */
  readonly service?: string
}

/** The longest that a presigned URL may hold, and how long it does unless told otherwise, in seconds. */
export const maxExpires = 300

type Checked<A> = E.Either<ClientError, A>

/** What aws4 is given, with what its types leave out: which headers are signed. */
type Signable = aws4.Request & {
  readonly extraHeadersToInclude: Readonly<Record<string, boolean>>
  readonly extraHeadersToIgnore: Readonly<Record<string, boolean>>
}

// ---------------------------------------------------------------------------------------------------------------------
// what is fit to be signed
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): Checked<never> =>
  E.left({ _tag: 'InvalidParameter', name: shown(name), reason })

const noCredentials = (reason: string): Checked<never> =>
  E.left({ _tag: 'NoCredentials', tried: ['the given credentials'], reason })

/** Keys as they can be sent. No refusal holds a part of one. */
const checkedKeys = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Checked<aws4.Credentials> => {
  if (!/^[\w.-]{1,128}$/.test(accessKeyId))
    return noCredentials('the access key id must be 1 to 128 letters and digits')
  if (!/^[\x21-\x7e]+$/.test(secretAccessKey)) return noCredentials('the secret access key is empty or not ASCII')
  if (sessionToken === undefined || sessionToken === '') return E.right({ accessKeyId, secretAccessKey })
  return /^[\x21-\x7e]+$/.test(sessionToken)
    ? E.right({ accessKeyId, secretAccessKey, sessionToken })
    : noCredentials('the session token contains an invalid character')
}

/** `20260102T030405Z`. */
const checkedDate = (now: number): Checked<string> =>
  now >= 0 && now < Date.UTC(10_000, 0)
    ? E.right(new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ''))
    : invalid('date', 'expected a time in the years 1970 to 9999')

const checkedScope = ({ region, service = 'bedrock-agentcore' }: Scope): Checked<Required<Scope>> =>
  /^[a-z\d-]+$/.test(region) && /^[a-z\d-]+$/.test(service)
    ? E.right({ region, service })
    : invalid('scope', 'region and service must consist of lower-case letters, digits and hyphens')

/** A URL as aws4 signs it right: no name that it drops, none that it adds itself, no more than it reads. */
const checkedUrl = (
  text: string,
): Checked<{ readonly origin: string; readonly host: string; readonly path: string }> => {
  if (!URL.canParse(text)) return invalid('URL', 'not a URL')
  const { protocol, host, pathname, search, searchParams, username, password } = new URL(text)
  const query = [...searchParams]
  if (username !== '' || password !== '') return invalid('URL', 'must not contain a user name or password')
  if (!isPath(pathname)) return invalid('URL', 'the path is not percent-encoded')
  if (search.includes('+')) return invalid('URL', 'ambiguous + in the query: write %2B or %20')
  if (query.length > 500) return invalid('URL', 'more than 500 query parameters')
  const refused = query.find(([name]) => name === '' || name === '__proto__' || /^x-amz-/i.test(name))
  if (refused !== undefined) return invalid(`query parameter "${shown(refused[0])}"`, 'the name is reserved')
  const path = query.length === 0 ? pathname : `${pathname}?${queryText(query)}`
  return E.right({ origin: `${protocol}//${host}`, host, path })
}

/** Headers that the signature writes, and the host, which is the URL's. */
const written = new Set(['authorization', 'host', 'x-amz-date', 'x-amz-security-token', '__proto__'])

/** Headers by lower-case name, each once and of characters that every server reads alike. */
const checkedHeaders = (headers: Readonly<Record<string, string>>): Checked<Readonly<Record<string, string>>> => {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  for (const [name, value] of entries) {
    if (!isHeaderName(name)) return invalid(`header name ${shown(name)}`, 'not allowed in HTTP')
    if (written.has(name)) return invalid(`header ${name}`, 'it is set by the signature')
    if (!isHeaderValue(value))
      return invalid(`header ${name}`, 'the value contains a line break or a non-ASCII character')
  }
  const byName = Object.fromEntries(entries)
  return Object.keys(byName).length === entries.length ? E.right(byName) : invalid('headers', 'duplicate header name')
}

/**
 * Checks the lifetime of a presigned URL, in seconds; 300 by default. Left `InvalidExpiry` unless it is a whole number from 1 to
 * 300.
 *
 * @example
 * ```ts
 * import { Sigv4 } from 'agentcore-fp/client'
 *
 * export const seconds = Sigv4.parseExpires(60)
 * ```
 */
export const parseExpires = (expires: number = maxExpires): Checked<number> =>
  Number.isInteger(expires) && expires >= 1 && expires <= maxExpires
    ? E.right(expires)
    : E.left({ _tag: 'InvalidExpiry', expires })

// ---------------------------------------------------------------------------------------------------------------------
// signatures
// ---------------------------------------------------------------------------------------------------------------------

/** What others may add or change on the way is not signed. */
const unsigned: ReadonlySet<string> = new Set(
  (
    'cache-control connection content-length expect keep-alive proxy-connection te trailer transfer-encoding upgrade ' +
    'user-agent x-amzn-trace-id'
  ).split(' '),
)

const flags = (names: Iterable<string>): Readonly<Record<string, boolean>> =>
  Object.fromEntries([...names].map((name) => [name, true]))

/** Values as aws4 takes them: it adds what is empty, and signs a space as nothing. */
const filled = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === '' ? ' ' : value]))

/** Says of every header whether it is signed, aws4's own ideas of it aside: it would add a type that nobody sends. */
const chosen = (
  headers: Readonly<Record<string, string>>,
): Pick<Signable, 'extraHeadersToInclude' | 'extraHeadersToIgnore'> => ({
  extraHeadersToInclude: flags(Object.keys(headers).filter((name) => !unsigned.has(name))),
  extraHeadersToIgnore: flags([...unsigned, ...('content-type' in headers ? [] : ['content-type'])]),
})

/** aws4 only hashes it, which takes any bytes; its types ask for what browsers lack. */
const asBuffer = (bytes: Uint8Array): Buffer => bytes as Buffer

/** A header that aws4 has written. */
const toText = (headers: aws4.Request['headers'], name: string): string => String(headers?.[name])

/**
 * Signs a request with AWS Signature Version 4: returns its headers with `Authorization`, `X-Amz-Date` and, for temporary
 * credentials, `X-Amz-Security-Token`. All headers are signed except those that a proxy may change. `now` is milliseconds since
 * the epoch. Left: `InvalidParameter` for what cannot be signed, `NoCredentials` for invalid credentials.
 *
 * @example
 * ```ts
 * import { Sigv4 } from 'agentcore-fp/client'
 *
 * export const headers = Sigv4.signHeaders(
 *   { method: 'POST', url: 'https://example.org/invocations', headers: {}, body: new Uint8Array() },
 *   { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
 *   { region: 'us-west-2' },
 *   Date.now(),
 * )
 * ```
 */
export const signHeaders = (
  request: Request,
  credentials: Credentials,
  scope: Scope,
  now: number,
): Checked<Readonly<Record<string, string>>> =>
  pipe(
    E.Do,
    E.apS('url', checkedUrl(request.url)),
    E.apS('headers', checkedHeaders(request.headers)),
    E.apS('keys', checkedKeys(credentials)),
    E.apS('scope', checkedScope(scope)),
    E.apS('date', checkedDate(now)),
    E.map(({ url: { host, path }, headers, keys, scope: { region, service }, date }) => {
      const signable: Signable = {
        ...{ service, region, host, path, method: request.method },
        // The length is not signed; aws4 would compute it by what browsers lack.
        headers: { ...filled(headers), Host: host, 'X-Amz-Date': date, 'Content-Length': String(request.body.length) },
        ...chosen(headers),
        ...(request.body.length === 0 ? {} : { body: asBuffer(request.body) }),
      }
      const { headers: signed } = aws4.sign(signable, keys)
      return {
        ...request.headers,
        'X-Amz-Date': date,
        ...(keys.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': keys.sessionToken }),
        Authorization: toText(signed, 'Authorization'),
      }
    }),
  )

/**
 * Presigns a URL, so that it can be fetched, or opened as a WebSocket, without any header for `expires` seconds from `now`
 * (milliseconds since the epoch). Its query parameters are signed too. Left: `InvalidExpiry` unless it is 1 to 300 whole
 * seconds, `InvalidParameter` for what cannot be signed, `NoCredentials` for invalid credentials.
 *
 * @example
 * ```ts
 * import { Sigv4 } from 'agentcore-fp/client'
 *
 * export const url = Sigv4.presign(
 *   'wss://example.org/ws',
 *   { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
 *   { region: 'us-west-2' },
 *   Date.now(),
 *   60,
 * )
 * ```
 */
export const presign = (
  url: string,
  credentials: Credentials,
  scope: Scope,
  now: number,
  expires?: number,
): Checked<string> =>
  pipe(
    E.Do,
    E.apS('seconds', parseExpires(expires)),
    E.apS('parts', checkedUrl(url)),
    E.apS('keys', checkedKeys(credentials)),
    E.apS('scope', checkedScope(scope)),
    E.apS('date', checkedDate(now)),
    E.map(({ parts: { origin, host, path }, keys, scope: { region, service }, date, seconds }) => {
      const query = queryText([
        ['X-Amz-Expires', String(seconds)],
        ['X-Amz-Date', date],
      ])
      const { path: signed } = aws4.sign(
        {
          ...{ service, region, host, method: 'GET', signQuery: true },
          path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
          headers: { Host: host },
        },
        keys,
      )
      return `${origin}${signed}`
    }),
  )
