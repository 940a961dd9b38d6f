/** Parses the AWS signature of a request from its `Authorization` header or query string. Nothing is verified here. */
import * as E from 'fp-ts/Either'
import { isFieldName } from '../../node/http/RequestFields'
import { splitTarget, toOriginForm } from '../../node/http/RequestTarget'
import { type AuthError, noSignature, signatureRefused } from '../rules/AuthError'
import { type Fields, parseParameters } from './CanonicalRequest'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A request as it was sent: the target of its first line, and its header fields as name, value, name, value, … */
export interface SentRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: ReadonlyArray<string>
}

/** A request in the parts that are signed. */
export interface ParsedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly fields: Fields
}

/** What a request says of its signature. */
export interface Proof {
  readonly accessKeyId: string
  readonly scopeDate: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  /** In milliseconds since the epoch. */
  readonly signedAt: number
  /** Of a presigned URL, in seconds. */
  readonly expires: number | undefined
  readonly signed: ReadonlyArray<string>
  readonly signature: string
  readonly securityToken: string | undefined
  readonly contentSha256: string | undefined
}

/** The one algorithm. */
export const algorithm = 'AWS4-HMAC-SHA256'

// ---------------------------------------------------------------------------------------------------------------------
// reading the request
// ---------------------------------------------------------------------------------------------------------------------

const toFields = (rawHeaders: ReadonlyArray<string>): Fields => {
  const fields = new Map<string, ReadonlyArray<string>>()
  rawHeaders.forEach((name, at) => {
    if (at % 2 === 1) return
    const lower = name.toLowerCase()
    fields.set(lower, [...(fields.get(lower) ?? []), rawHeaders[at + 1] ?? ''])
  })
  return fields
}

/** The parts of a request. A target in absolute form counts from its path. */
export const parseRequest = ({ method, target, rawHeaders }: SentRequest): ParsedRequest => {
  const [path, query = ''] = splitTarget(toOriginForm(target))
  return { method, path, query, fields: toFields(rawHeaders) }
}

// ---------------------------------------------------------------------------------------------------------------------
// reading the proof
// ---------------------------------------------------------------------------------------------------------------------

const incomplete = (reason: string): E.Either<AuthError, never> =>
  E.left(signatureRefused('IncompleteSignatureException', reason))

/** Fields that mean nothing, or anything, when they are sent twice. */
const single = ['authorization', 'host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'] as const

/** The names and values of a list, none of them twice. */
type Named = ReadonlyMap<string, string>

const named = (entries: ReadonlyArray<readonly [string, string]>): Named | undefined => {
  const map = new Map(entries)
  return map.size === entries.length ? map : undefined
}

const parseTime = (text: string | undefined): number | undefined => {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? []
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // A date that does not exist, such as February 30, is another date in the end.
  return Number.isNaN(at) || new Date(at).toISOString().replace(/[-:]|\.\d+/g, '') !== text ? undefined : at
}

/** What both forms say, wherever they say it. */
interface SignatureFields {
  readonly credential: string | undefined
  readonly signedHeaders: string | undefined
  readonly signature: string | undefined
  readonly date: string | undefined
  readonly expires: number | undefined
  readonly securityToken: string | undefined
  readonly contentSha256: string | undefined
}

const isName = (text: string): boolean => isFieldName(text) && text === text.toLowerCase()

const toProof = (said: SignatureFields): E.Either<AuthError, Proof> => {
  const scope = said.credential?.split('/') ?? []
  const [accessKeyId = '', scopeDate = '', region = '', service = '', terminator = ''] = scope
  if (scope.length !== 5 || accessKeyId === '')
    return incomplete('Credential must be KEY/DATE/REGION/SERVICE/aws4_request.')
  const signed = said.signedHeaders?.split(';') ?? []
  if (signed.length === 0 || !signed.every(isName) || new Set(signed).size !== signed.length)
    return incomplete('SignedHeaders must be lower-case names separated by semicolons.')
  const signature = said.signature ?? ''
  if (!/^[0-9a-f]{64}$/.test(signature)) return incomplete('Signature must be 64 lower-case hexadecimal digits.')
  const signedAt = parseTime(said.date)
  if (signedAt === undefined) return incomplete('X-Amz-Date must be a timestamp such as 20260102T030405Z.')
  const { expires, securityToken, contentSha256 } = said
  return E.right({
    ...{ accessKeyId, scopeDate, region, service, terminator, signedAt, expires },
    ...{ signed, signature, securityToken, contentSha256 },
  })
}

const inHeader = (authorization: string, fields: Fields): E.Either<AuthError, Proof> => {
  const [, scheme = '', rest = ''] = /^\s*(\S+)\s*([^]*)$/.exec(authorization) ?? []
  if (/^bearer$/i.test(scheme))
    return E.left(signatureRefused('AccessDeniedException', 'Authorization method mismatch: sign the request.'))
  if (scheme !== algorithm) return incomplete(`Authorization must be ${algorithm} followed by its parameters.`)
  const parameters = named(
    rest.split(',').map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [part.trim(), ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    }),
  )
  if (parameters?.size !== 3)
    return incomplete('Authorization must have exactly one Credential, SignedHeaders and Signature.')
  return toProof({
    credential: parameters.get('Credential'),
    signedHeaders: parameters.get('SignedHeaders'),
    signature: parameters.get('Signature'),
    date: fields.get('x-amz-date')?.[0]?.trim(),
    expires: undefined,
    securityToken: fields.get('x-amz-security-token')?.[0]?.trim(),
    contentSha256: fields.get('x-amz-content-sha256')?.[0]?.trim(),
  })
}

const plain = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded // bytes that are not UTF-8 are in none of the values that are looked for
  }
}

const inQuery = (query: Named, fields: Fields): E.Either<AuthError, Proof> => {
  if (query.get('x-amz-algorithm') !== algorithm) return incomplete(`X-Amz-Algorithm must be ${algorithm}.`)
  const expires = query.get('x-amz-expires') ?? ''
  if (!/^\d{1,7}$/.test(expires)) return incomplete('X-Amz-Expires must be a number of seconds.')
  return toProof({
    credential: query.get('x-amz-credential'),
    signedHeaders: query.get('x-amz-signedheaders'),
    signature: query.get('x-amz-signature'),
    date: query.get('x-amz-date'),
    expires: Number(expires),
    securityToken: query.get('x-amz-security-token'),
    contentSha256: query.get('x-amz-content-sha256') ?? fields.get('x-amz-content-sha256')?.[0]?.trim(),
  })
}

/** Parses the signature of a request. Left: it is missing, repeated or malformed. */
export const parseProof = ({ query, fields }: ParsedRequest): E.Either<AuthError, Proof> => {
  const twice = single.find((name) => (fields.get(name)?.length ?? 0) > 1)
  if (twice !== undefined) return incomplete(`The header ${twice} occurs more than once.`)
  const found = parseParameters(query)
    .map(([name, value]) => [plain(name).toLowerCase(), plain(value)] as const)
    .filter(([name]) => name.startsWith('x-amz-'))
  const parameters = named(found)
  if (parameters === undefined) return incomplete('A signature parameter occurs more than once.')
  const authorization = fields.get('authorization')?.[0]
  if (authorization !== undefined && parameters.size > 0)
    return incomplete('The request is signed both in its Authorization header and in its query string.')
  if (authorization !== undefined) return inHeader(authorization, fields)
  return parameters.size > 0 ? inQuery(parameters, fields) : E.left(noSignature)
}

/** Whether a request has an AWS signature, valid or not. */
export const isSigned = (request: SentRequest): boolean => {
  const { query, fields } = parseRequest(request)
  const authorization = fields.get('authorization')?.[0]?.trimStart() ?? ''
  return authorization.startsWith(algorithm) || /(?:^|&)x-amz-(?:algorithm|signature)=/i.test(query)
}
