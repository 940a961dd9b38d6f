/** Secrets of a request that its log lines must not contain. */
import * as O from 'fp-ts/Option'
import { splitTarget } from '../../node/http/RequestTarget'
import { header, type RawHeaders, tokenOfProtocol, joined } from '../../core/Protocol'

const afterScheme = /^\S+\s+(.+)$/

/**
 * A secret as it may appear in a log line: raw, or JSON-escaped once or more, since logged values may be JSON already.
 */
const toForms = (secret: string): ReadonlyArray<string> => {
  if (!/["\\]|[^ -~]/.test(secret)) return [secret] // JSON leaves it as it is
  const escape = (text: string): string => JSON.stringify(text).slice(1, -1)
  const escaped = escape(secret)
  return [secret, escaped, escape(escaped), escape(escape(escaped))]
}

/** Headers whose whole value is secret. */
const secretHeaders = [
  'authorization',
  'cookie',
  'x-amz-security-token',
  header.workloadAccessToken,
  header.legacyWorkloadAccessToken,
] as const

/** A bearer token in a subprotocol: as sent, and decoded. */
const secretsOfProtocols = (raw: RawHeaders): ReadonlyArray<string> => {
  const protocols = joined(raw['sec-websocket-protocol'])
  if (protocols === undefined) return []
  return protocols.split(',').flatMap((offered) => {
    const token = tokenOfProtocol(offered.trim())
    return O.isNone(token) ? [] : [token.value, Buffer.from(token.value, 'base64url').toString('utf8')].flatMap(toForms)
  })
}

const secretParameters: ReadonlySet<string> = new Set(['x-amz-signature', 'x-amz-security-token', 'access_token'])

const secretsOfQuery = (url: string): ReadonlyArray<string> => {
  const [, query] = splitTarget(url)
  if (query === undefined) return []
  return [...new URLSearchParams(query)].flatMap(([name, value]) =>
    secretParameters.has(name.toLowerCase()) ? [value, encodeURIComponent(value)] : [],
  )
}

/** The secrets of a request. Most have none. */
export const toSecrets = (raw: RawHeaders, url = '/'): ReadonlyArray<string> => {
  const secrets: Array<string> = []
  for (const name of secretHeaders) {
    const value = joined(raw[name])
    if (value !== undefined) secrets.push(...[value, ...(afterScheme.exec(value)?.slice(1) ?? [])].flatMap(toForms))
  }
  secrets.push(...secretsOfProtocols(raw))
  if (url.includes('?')) secrets.push(...secretsOfQuery(url))
  return secrets
}
