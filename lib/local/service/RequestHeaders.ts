/**
 * Request headers on the data plane: which the service validates and which it forwards. Only the service's own headers
 * and those on the agent's allow-list reach the agent.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import { isHopByHop } from '../../node/http/HopByHop'
import { splitTarget } from '../../node/http/RequestTarget'
import { customPrefix, header, isForwardable, launchSecret, lookup, type RawHeaders, joined } from '../../core/Protocol'
import { type FieldFault, isFieldValue, repeated, withQuery } from '../../node/http/RequestFields'
import { invalidField, type ServiceError } from './ServiceError'

/** Headers, names and values in turn: as Node lists them, and as it writes them fastest. */
export type HeaderList = ReadonlyArray<string>

/** Headers as pairs of a name and a value. */
export const toPairs = (list: HeaderList): ReadonlyArray<readonly [name: string, value: string]> =>
  list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? ''] as const] : []))

/** Header rules from the agent's configuration and the caller's authorization. */
export interface Policy {
  /** Lower-case names. */
  readonly allowList: ReadonlySet<string>
  readonly maxHeaderValue: number
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** The allow-list of a configuration; names are case-insensitive. */
export const toAllowList = (names: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(names.map((name) => name.toLowerCase()))

/** The parts of a request that `sentHeaders` reads. */
export interface Sent {
  readonly headers: RawHeaders
  readonly rawHeaders: ReadonlyArray<string>
}

/**
 * The headers of a request. For a WebSocket, query parameters count as headers, because browsers cannot set any. Left:
 * a single-valued header with two values.
 */
export const sentHeaders = ({ headers, rawHeaders }: Sent, query: string): E.Either<ServiceError, RawHeaders> => {
  const fault = repeated(headers, rawHeaders)
  if (fault !== undefined) return E.left(invalidField(fault.name, fault.message))
  if (query === '') return E.right(headers)
  return E.mapLeft(({ name, message }: FieldFault) => invalidField(name, message))(withQuery(headers, query))
}

// ---------------------------------------------------------------------------------------------------------------------
// checks
// ---------------------------------------------------------------------------------------------------------------------

interface Constraint {
  readonly header: string
  readonly field: string
  readonly min: number
  readonly max: number
  readonly pattern?: RegExp
}

const constraints: ReadonlyArray<Constraint> = [
  { header: header.sessionId, field: 'runtimeSessionId', min: 33, max: 256, pattern: /^[\x21-\x7e]*$/ },
  { header: header.userId, field: 'runtimeUserId', min: 1, max: 1024 },
  { header: 'accept', field: 'accept', min: 1, max: 256 },
  { header: 'content-type', field: 'contentType', min: 1, max: 256 },
  { header: 'mcp-session-id', field: 'mcpSessionId', min: 1, max: 1024 },
  { header: header.xAmznTraceId, field: 'traceId', min: 0, max: 128 },
  { header: header.traceparent, field: 'traceParent', min: 0, max: 128 },
  { header: header.tracestate, field: 'traceState', min: 0, max: 512 },
  { header: header.baggage, field: 'baggage', min: 0, max: 8192 },
]

const length = (what: string, limit: number): string => `Member must have length ${what} than or equal to ${limit}`

const validateConstraint = (value: string, { field, min, max, pattern }: Constraint): ServiceError | undefined => {
  if (value.length < min) return invalidField(field, length('greater', min))
  if (value.length > max) return invalidField(field, length('less', max))
  // The id ends up in response headers, in the request to the agent and in log lines.
  if (pattern?.test(value) === false) return invalidField(field, 'Member must be visible ASCII characters')
  return undefined
}

/** Left: the header that the service rejects, and why. */
export const checked =
  ({ allowList, maxHeaderValue }: Policy) =>
  (headers: RawHeaders): E.Either<ServiceError, RawHeaders> => {
    for (const constraint of constraints) {
      const value = joined(headers[constraint.header])
      const flaw = value === undefined ? undefined : validateConstraint(value, constraint)
      if (flaw !== undefined) return E.left(flaw)
    }
    for (const name of allowList) {
      const value = joined(headers[name])
      if (value === undefined) continue
      if (maxHeaderValue > 0 && value.length > maxHeaderValue)
        return E.left(invalidField(name, length('less', maxHeaderValue)))
      if (!isFieldValue(value)) return E.left(invalidField(name, 'Member must not contain control characters'))
    }
    return E.right(headers)
  }

/** The session id of a request, if present. */
export const toSessionId: (headers: RawHeaders) => O.Option<string> = lookup(header.sessionId)

/** The session id of a request that requires one. */
export const requiredSessionId = (headers: RawHeaders): E.Either<ServiceError, string> =>
  pipe(
    toSessionId(headers),
    E.fromOption(() => invalidField('runtimeSessionId', 'Member must not be null')),
  )

// ---------------------------------------------------------------------------------------------------------------------
// what the agent gets
// ---------------------------------------------------------------------------------------------------------------------

/** Headers that the service forwards unchanged; ids and headers that it adds are separate. */
const serviceHeaders = [
  'content-type',
  'accept',
  header.userId,
  header.xAmznTraceId,
  header.traceparent,
  header.tracestate,
  header.baggage,
  'mcp-session-id',
  'mcp-protocol-version',
] as const

/** Headers that an allow-list may contain: `Authorization` only after a JWT authorizer has verified it. */
const mayPass = (name: string, isJwt: boolean): boolean => {
  if (name === 'authorization') return isJwt
  if (name.startsWith(customPrefix)) return true
  return !name.startsWith('x-amzn-') && isForwardable(name)
}

/** Selects the request headers that reach the agent. `isJwt`: whether a JWT authorizer has verified the caller. */
export type Forward = (headers: RawHeaders, isJwt: boolean) => Array<string>

/**
 * The selection of an agent, made once: its requests only look the names up. The names in `replaced` are not forwarded,
 * because the runtime sends headers of its own by these names.
 */
export const forwarding = (allowList: ReadonlySet<string>, replaced: ReadonlySet<string>): Forward => {
  const names = (isJwt: boolean): ReadonlyArray<string> =>
    [...new Set([...serviceHeaders, ...[...allowList].filter((name) => mayPass(name, isJwt))])].filter(
      (name) => !replaced.has(name),
    )
  const [forJwt, forOthers] = [names(true), names(false)]
  return (headers, isJwt) => {
    const list: Array<string> = []
    for (const name of isJwt ? forJwt : forOthers) {
      const value = joined(headers[name])
      if (value !== undefined) list.push(name, value)
    }
    return list
  }
}

/** Headers that the relay sets itself: the body length, the host and the agent's launch secret. */
const writtenAnew = new Set(['content-length', 'expect', 'host', launchSecret.header])

/** The SigV4 headers, which only the runtime may see. A bearer token stays, since agents elsewhere verify it too. */
const ofSignature = new Set(['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'])

/**
 * The headers of a request on a plain path: all but the hop-by-hop headers, any SigV4 signature, and an empty session
 * id, in place of which the agent gets that of the default session.
 */
export const passedOn = (headers: RawHeaders, isSigned: boolean): HeaderList =>
  Object.keys(headers).flatMap((name) => {
    const isKept = !isHopByHop(name) && !writtenAnew.has(name) && !(isSigned && ofSignature.has(name))
    const value = isKept ? joined(headers[name]) : undefined
    return value === undefined || (value === '' && name === header.sessionId) ? [] : [name, value]
  })

/** The target of a request on a plain path, without the query parameters of a presigned URL. */
export const targetOn = (target: string, isSigned: boolean): string => {
  const [path, query] = splitTarget(target)
  if (!isSigned || query === undefined) return target
  const kept = query
    .split('&')
    .filter(
      (part) => !/^x-amz-(?:algorithm|credential|date|expires|signedheaders|signature|security-token)=/i.test(part),
    )
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}
