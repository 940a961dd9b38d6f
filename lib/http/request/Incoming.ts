/** A request as received, before validation: the Node request, its headers and its ids. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import { splitTarget } from '../../node/http/RequestTarget'
import { type AgentError, badRequest, missingSessionId } from '../../core/AgentError'
import type { Request } from '../../core/Context'
import { header, type RawHeaders, joined } from '../../core/Protocol'
import type { Settings } from '../state/Options'
import { type FieldFault, repeated, withQuery } from '../../node/http/RequestFields'
import { parseId, type SessionId } from '../../core/Session'
import { toRoute } from './RequestRoute'

/** Something with an id for logs and responses: sent by the client, or generated on demand. */
export interface Identified {
  id: string | undefined
  readonly newId: IO<string>
}

/** A request as received. */
export interface Incoming extends Identified {
  readonly req: IncomingMessage
  readonly headers: RawHeaders
  /** What makes the headers ambiguous, for which the request is rejected. */
  readonly fault: FieldFault | undefined
  /** Whether middleware has seen this request object. */
  readonly isSeen: boolean
  /** Creates Koa's view of the request. */
  readonly koa: (req: IncomingMessage) => Request
  /** That view, once it was created. */
  view: Request | undefined
}

/** The headers of a request; on `/ws` also those sent as query parameters. Left: an ambiguous header. */
const toHeaders = ({ url = '/', headers, rawHeaders }: IncomingMessage): E.Either<FieldFault, RawHeaders> => {
  const fault = repeated(headers, rawHeaders)
  if (fault !== undefined) return E.left(fault)
  const [, query] = splitTarget(url)
  return query === undefined || toRoute(url) !== 'socket' ? E.right(headers) : withQuery(headers, query)
}

/** The request id from the service, if it is safe in a header and a log line. */
const sentId = (raw: RawHeaders): string | undefined => {
  const sent = joined(raw[header.requestId])
  return sent !== undefined && E.isRight(parseId(sent)) ? sent : undefined
}

/** The request id from the service, or a new one. */
export const toRequestId = (raw: RawHeaders, newId: IO<string>): string => sentId(raw) ?? newId()

/** The id of a request. */
export const requestId = (identified: Identified): string => (identified.id ??= identified.newId())

/** A request as received. */
export const toIncoming = (
  req: IncomingMessage,
  newId: IO<string>,
  koa: (req: IncomingMessage) => Request,
  isSeen: boolean,
): Incoming => {
  const found = toHeaders(req)
  const headers = E.isRight(found) ? found.right : req.headers
  const fault = E.isLeft(found) ? found.left : undefined
  return { req, headers, fault, isSeen, id: sentId(headers), newId, koa, view: undefined }
}

/** Koa's view of a request. */
export const toView = (incoming: Incoming): Request => (incoming.view ??= incoming.koa(incoming.req))

/** The session id of the request, or a new one if the policy generates it. Left also for ambiguous headers. */
export const toSessionId = (
  { headers, fault }: Pick<Incoming, 'headers' | 'fault'>,
  { settings }: { readonly settings: Settings },
): E.Either<AgentError, SessionId> => {
  const sent = joined(headers[header.sessionId])
  // Two session headers are joined to an invalid session id, which is rejected below.
  const isJoined = fault?.name === header.sessionId && sent?.includes(', ') === true
  if (fault !== undefined && !isJoined) return E.left(badRequest(`Invalid header ${fault.name}: ${fault.message}`))
  if (sent !== undefined) return parseId(sent)
  return settings.session.policy === 'require' ? E.left(missingSessionId) : parseId(settings.newId())
}
