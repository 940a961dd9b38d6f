/** Extracts the bearer token of a request: from the `Authorization` header, or for `/ws` from a subprotocol. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { tokenOfProtocol } from '../../core/Protocol'
import { trimBlanks } from '../../node/http/RequestFields'
import { type AuthError, badToken, noToken } from '../rules/AuthError'

/** The longest token in a header. */
const mostInHeader = 8192

/** The longest subprotocol that brings a token, as the service has it. */
const mostInProtocol = 4096

/** The characters of a bearer token (RFC 6750, section 2.1): no space and no line break among them. */
const bearer = /^[\w.~+/-]+=*$/

/** All values of a header, however often it was sent. */
export const toValues = (rawHeaders: ReadonlyArray<string>, name: string): ReadonlyArray<string> =>
  rawHeaders.flatMap((field, at) => (at % 2 === 0 && field.toLowerCase() === name ? [rawHeaders[at + 1] ?? ''] : []))

const malformed = badToken('The bearer token is malformed')

const twice = badToken('The request has more than one bearer token')

const fromHeader = (value: string): E.Either<AuthError, string> => {
  const credentials = trimBlanks(value)
  const [scheme = ''] = /^[^ \t]*/.exec(credentials) ?? []
  if (scheme.toLowerCase() !== 'bearer') return E.left(noToken)
  const token = trimBlanks(credentials.slice(scheme.length))
  if (token === '') return E.left(badToken('The bearer token is empty'))
  if (token.length > mostInHeader) return E.left(badToken(`The bearer token is longer than ${mostInHeader} characters`))
  return bearer.test(token) ? E.right(token) : E.left(malformed)
}

const fromProtocol = (encoded: string): E.Either<AuthError, string> => {
  if (encoded === '') return E.left(badToken('The bearer token is empty'))
  if (!/^[\w-]+$/.test(encoded)) return E.left(malformed)
  const token = Buffer.from(encoded, 'base64url').toString('utf8')
  return bearer.test(token) ? E.right(token) : E.left(malformed)
}

/** The one bearer token of a request. Subprotocols count where the request is for a socket. */
export const parseBearer = (rawHeaders: ReadonlyArray<string>, isForSocket: boolean): E.Either<AuthError, string> => {
  const inHeader = toValues(rawHeaders, 'authorization')
  const offered = toValues(rawHeaders, 'sec-websocket-protocol').flatMap((value) => value.split(','))
  const inProtocol = isForSocket ? offered.map(trimBlanks).filter((name) => O.isSome(tokenOfProtocol(name))) : []
  if (inHeader.length + inProtocol.length > 1) return E.left(twice)
  const [header] = inHeader
  if (header !== undefined) return fromHeader(header)
  const [protocol] = inProtocol
  if (protocol === undefined) return E.left(noToken)
  if (protocol.length > mostInProtocol)
    return E.left(badToken(`The bearer token subprotocol is longer than ${mostInProtocol} characters`))
  return fromProtocol(O.getOrElse(() => '')(tokenOfProtocol(protocol)))
}
