/** What no log line about a request may hold. */
import * as O from 'fp-ts/Option'
import { header, type RawHeaders, tokenOfProtocol } from '../../core/Protocol'
import { single } from './Incoming'

const afterScheme = /^\S+\s+(.+)$/

/** A secret as it may stand in a line: as it is, or escaped once or more, since what is logged may be JSON already. */
const toForms = (secret: string): ReadonlyArray<string> => {
  const escape = (text: string): string => JSON.stringify(text).slice(1, -1)
  const escaped = escape(secret)
  return escaped === secret ? [secret] : [secret, escaped, escape(escaped), escape(escape(escaped))]
}

/** Headers whose values are secret as a whole. */
const secretHeaders = [
  'authorization',
  'cookie',
  'x-amz-security-token',
  header.workloadAccessToken,
  header.legacyWorkloadAccessToken,
] as const

/** A bearer token that came as a subprotocol: as it was sent, and what it stands for. */
const secretsOfProtocols = (raw: RawHeaders): ReadonlyArray<string> =>
  (single(raw['sec-websocket-protocol']) ?? '').split(',').flatMap((offered) => {
    const token = tokenOfProtocol(offered.trim())
    return O.isNone(token) ? [] : [token.value, Buffer.from(token.value, 'base64url').toString('utf8')].flatMap(toForms)
  })

const secretParameters: ReadonlySet<string> = new Set(['x-amz-signature', 'x-amz-security-token', 'access_token'])

const secretsOfQuery = (url: string): ReadonlyArray<string> => {
  const at = url.indexOf('?')
  if (at < 0) return []
  return [...new URLSearchParams(url.slice(at + 1))].flatMap(([name, value]) =>
    secretParameters.has(name.toLowerCase()) ? [value, encodeURIComponent(value)] : [],
  )
}

/** The values of a request that no log line may hold. */
export const toSecrets = (raw: RawHeaders, url = '/'): ReadonlyArray<string> => [
  ...secretHeaders.flatMap((name) => {
    const value = single(raw[name])
    return value === undefined ? [] : [value, ...(afterScheme.exec(value)?.slice(1) ?? [])].flatMap(toForms)
  }),
  ...secretsOfProtocols(raw),
  ...secretsOfQuery(url),
]
