/**
 * Parameters and headers of the caller's own, before they become part of a request: what could change the request
 * itself, or break out of it, is refused.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { pipe } from 'fp-ts/function'
import { header, isForwardable } from '../../core/Protocol'
import type { SessionId } from '../../core/Session'
import type { ClientError } from '../error/ClientError'
import { parseOr } from './SessionId'
import type { Query } from './Target'
import { isHeaderName, isHeaderValue, isWellFormed, shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Parameters by name; a list is a parameter that comes again. */
export type Params = Readonly<Record<string, string | ReadonlyArray<string>>>

/** Header fields by name. */
export type HeaderFields = Readonly<Record<string, string>>

/** How AgentCore writes the name of the session's parameter and header. */
export const sessionName = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id'

/** The most that all parameters together may have, in characters before they are encoded. */
const maxLength = 4096

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name: shown(name), reason })

/** Text that can be a part of a URL, and of a header that the service makes of it. */
const isPlainText = (text: string): boolean => isWellFormed(text) && !/\p{Cc}/u.test(text)

/** Names that this package or the signature writes. */
const isTaken = (name: string): boolean =>
  /^(x-amz-.*|qualifier|shellid|__proto__)$/i.test(name) || name.toLowerCase() === header.sessionId

/** Parameters in order. Left: `InvalidParameter`. */
export const fromParams = (params: Params): E.Either<ClientError, Query> => {
  const pairs = Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const))
  if (pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > maxLength || pairs.length > 100)
    return invalid('query parameters', `more than 100, or longer than ${maxLength} characters in total`)
  for (const [name, value] of pairs) {
    if (name === '') return invalid('query parameter', 'empty name')
    if (isTaken(name)) return invalid(`query parameter ${name}`, 'the name is reserved')
    if (!isPlainText(name))
      return invalid(`query parameter ${name}`, 'the name contains a control character or a lone surrogate')
    if (!isPlainText(value))
      return invalid(`query parameter ${name}`, 'the value contains a control character or a lone surrogate')
  }
  return E.right(pairs)
}

/** Headers of the service's that a caller sets, beside those that an agent may be given. */
const callerHeaders: ReadonlySet<string> = new Set([header.userId, 'user-agent'])

/** Header fields. Left: `InvalidParameter`, also for those that the connection, the session or the signature needs. */
export const fromHeaders = (headers: HeaderFields): E.Either<ClientError, HeaderFields> => {
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    const isFree = isForwardable(lower) && !['authorization', header.sessionId, '__proto__'].includes(lower)
    if (!isHeaderName(name)) return invalid(`header name ${name}`, 'not allowed in HTTP')
    if (!isFree && !callerHeaders.has(lower)) return invalid(`header ${name}`, 'the name is reserved')
    if (!isHeaderValue(value))
      return invalid(`header ${name}`, 'the value contains a line break or a non-ASCII character')
    if (value.length > 8192) return invalid(`header ${name}`, 'longer than 8192 characters')
  }
  return E.right(headers)
}

/** What every call may be told of its own. */
export interface OwnParts {
  readonly sessionId?: string
  readonly params?: Params
  readonly headers?: HeaderFields
}

/** Those parts, checked; a session id is made if none is given. */
export const fromHandWritten =
  (newId: IO<string>) =>
  ({
    sessionId,
    params = {},
    headers = {},
  }: OwnParts): E.Either<
    ClientError,
    { readonly sessionId: SessionId; readonly query: Query; readonly headers: HeaderFields }
  > =>
    pipe(
      E.Do,
      E.apS('sessionId', parseOr(newId)(sessionId)),
      E.apS('query', fromParams(params)),
      E.apS('headers', fromHeaders(headers)),
    )
