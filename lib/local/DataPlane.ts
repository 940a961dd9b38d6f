/** Carries out what requests ask for: the operations of the data plane, and the paths of the agent itself. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { header, type RawHeaders } from '../core/Protocol'
import { parseId } from '../core/Session'
import type { Granted, Refusal } from './Authorize'
import { isTooLarge, relay } from './Invocation'
import type { Overview } from './Overview'
import type { Settings } from './Options'
import { checked, forwarded, type Line, passedOn, sessionIdOf, withQuery } from './RequestHeaders'
import { bodyOf, isFromHere, type Marks, refuseWith, respondError, respondJson } from './Respond'
import { pathOf, type Route, route } from './Route'
import { accessDenied, internal, notFound, payloadTooLarge, type ServiceError, unauthorized } from './ServiceError'
import { requiredSessionId } from './SessionField'
import type { Kind } from './SessionLife'
import type { Sessions } from './Sessions'
import { plainProtocols, protocolsOf } from './Subprotocols'
import type { SocketRelay } from './SocketRelay'

/** What the data plane works with. */
export interface DataPlaneParts {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly sockets: SocketRelay
  /** Where the runtime is reached. */
  readonly url: () => string
  readonly overview: () => Overview
}

/** The listeners of a server. */
export interface DataPlane {
  readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void
  readonly onUpgrade: (req: IncomingMessage, duplex: Duplex, head: Buffer) => void
}

/** The session that requests on plain paths share that name none: to them this is one agent. */
export const plainSession = 'local-default-session-0000000000000000'

const askedBy = (req: IncomingMessage, isUpgrade: boolean) => ({
  method: req.method ?? 'GET',
  target: req.url ?? '/',
  isUpgrade,
})

/** A new trace, of a request's own id. */
const traceOf = (requestId: string, now: number): string =>
  `Root=1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}-${requestId.replaceAll('-', '').slice(0, 24).padEnd(24, '0')}`

/** What an operation on the data plane is made of, once it has been let in. */
interface Admitted {
  readonly headers: RawHeaders
  readonly granted: Granted
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  readonly lines: ReadonlyArray<Line>
  readonly marks: Marks
}

/** The data plane of one agent. */
export const dataPlane = ({ settings, sessions, sockets, url, overview }: DataPlaneParts): DataPlane => {
  const { arn, limits, authorize, newId, clock, log, finishesAlone } = settings
  const policy = { allowList: settings.allowList, maxHeaderValue: limits.maxHeaderValue }
  const routeOf = route(arn)
  const relayTo = relay({ limits, clock })
  const challenge = (): string =>
    `Bearer resource_metadata="${url()}${pathOf(arn)}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT"`

  const refusalOf = (refusal: Refusal): ServiceError => {
    switch (refusal._tag) {
      case 'Unauthorized':
        return unauthorized(refusal.message, settings.protectedResource === undefined ? undefined : challenge())
      case 'AccessDenied':
        return accessDenied(refusal.message)
    }
  }

  /** Lets a request of the data plane in, or tells why not. */
  const admit = async (req: IncomingMessage, query: string): Promise<E.Either<ServiceError, Admitted>> => {
    if (isTooLarge(req, limits)) return E.left(payloadTooLarge(limits.maxPayload))
    const headers = checked(policy)(withQuery(req.headers, query))
    if (E.isLeft(headers)) return headers
    let read: Promise<Buffer> | undefined
    const verdict = await authorize({
      method: req.method ?? 'GET',
      target: req.url ?? '/',
      headers: req.headers,
      body: () => (read ??= bodyOf(req, limits.maxPayload)),
    })()
    if (E.isLeft(verdict)) return E.left(refusalOf(verdict.left))
    const requestId = newId()
    const sessionId = O.getOrElse(newId)(sessionIdOf(headers.right))
    const own = forwarded(headers.right, policy, verdict.right.scheme === 'jwt')
    const traced = own.find(([name]) => name === header.xAmznTraceId)?.[1]
    const trace = traced ?? traceOf(requestId, clock.now())
    const lines: ReadonlyArray<Line> = [
      ...own,
      ...(traced === undefined ? [[header.xAmznTraceId, trace] as const] : []),
      [header.sessionId, sessionId],
      [header.requestId, requestId],
      ...settings.identityHeaders,
    ]
    const marks = { [header.sessionId]: sessionId, 'x-amzn-requestid': requestId, [header.xAmznTraceId]: trace }
    return E.right({ headers: headers.right, granted: verdict.right, sessionId, body: await read, lines, marks })
  }

  const enter = (id: string, kind: Kind) => sessions.enter(id, kind, 'refuse')()

  const invoke = async (req: IncomingMessage, res: ServerResponse, method: string, path: string): Promise<void> => {
    const admitted = await admit(req, '')
    if (E.isLeft(admitted)) return respondError(res, admitted.left)
    const { sessionId, lines, marks, body } = admitted.right
    const lease = await enter(sessionId, 'inFlight')
    if (E.isLeft(lease)) return respondError(res, lease.left, marks)
    const call = { method, path, headers: lines, body, marks, manner: 'service', finishes: finishesAlone } as const
    relayTo(req, res, lease.right, call)
  }

  const stopSession = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const named = requiredSessionId(req.headers)
    if (E.isLeft(named)) return respondError(res, named.left)
    const admitted = await admit(req, '')
    if (E.isLeft(admitted)) return respondError(res, admitted.left)
    const { sessionId, marks } = admitted.right
    const stopped = await sessions.stop(sessionId)()
    if (E.isLeft(stopped)) return respondError(res, stopped.left, marks)
    respondJson(res, {}, marks)
  }

  const describeResource = (res: ServerResponse): void => {
    const { protectedResource } = settings
    if (protectedResource === undefined) return respondError(res, notFound('This agent takes no bearer tokens'))
    respondJson(res, {
      resource: `${url()}${pathOf(arn)}/invocations`,
      authorization_servers: protectedResource.authorizationServers,
      ...(protectedResource.scopes === undefined ? {} : { scopes_supported: protectedResource.scopes }),
      bearer_methods_supported: ['header'],
    })
  }

  /** The session of a request on a plain path: the one that it names, if an agent would take that for an id. */
  const plainId = (headers: RawHeaders): string => {
    const named = sessionIdOf(headers)
    return O.isSome(named) && E.isRight(parseId(named.value)) ? named.value : plainSession
  }

  const plain = async (req: IncomingMessage, res: ServerResponse, target: string, isPing: boolean): Promise<void> => {
    if (!isPing && isTooLarge(req, limits)) return respondError(res, payloadTooLarge(limits.maxPayload))
    const lease = await sessions.enter(plainId(req.headers), isPing ? 'look' : 'inFlight', 'wait')()
    if (E.isLeft(lease)) return respondError(res, lease.left)
    relayTo(req, res, lease.right, {
      method: req.method ?? 'GET',
      path: target,
      headers: passedOn(req.headers),
      body: undefined,
      marks: {},
      manner: 'agent',
      finishes: false,
    })
  }

  const answer = (req: IncomingMessage, res: ServerResponse, found: Route): void | Promise<void> => {
    switch (found._tag) {
      case 'Invoke':
        return invoke(req, res, 'POST', '/invocations')
      case 'AgentCard':
        return invoke(req, res, 'GET', '/.well-known/agent-card.json')
      case 'StopSession':
        return stopSession(req, res)
      case 'ProtectedResource':
        return describeResource(res)
      case 'Plain':
        return plain(req, res, found.target, found.isPing)
      case 'Overview':
        return respondJson(res, overview())
      case 'Socket':
      case 'PlainSocket':
        return respondError(res, internal('A socket needs an upgrade'))
    }
  }

  const guard = (work: Promise<void>, giveUp: (error: ServiceError) => void): void =>
    void work.catch((error: unknown) => {
      log.error('A request could not be answered', { error })()
      giveUp(internal('The local runtime failed'))
    })

  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    if (!isFromHere(req.headers)) return respondError(res, accessDenied('This endpoint is for this machine alone'))
    const found = routeOf(askedBy(req, false))
    if (E.isLeft(found)) return respondError(res, found.left)
    const work = answer(req, res, found.right)
    if (work !== undefined) guard(work, (error) => respondError(res, error))
  }

  const openSocket = async (req: IncomingMessage, duplex: Duplex, head: Buffer, query: string): Promise<void> => {
    const admitted = await admit(req, query)
    if (E.isLeft(admitted)) return refuseWith(duplex, admitted.left)
    const { sessionId, lines, marks } = admitted.right
    const lease = await enter(sessionId, 'sockets')
    if (E.isLeft(lease)) return refuseWith(duplex, lease.left, marks)
    const call = { path: '/ws', headers: lines, marks, manner: 'service', ...protocolsOf(req.headers) } as const
    sockets.relay(req, duplex, head, lease.right, call)
  }

  const openPlainSocket = async (
    req: IncomingMessage,
    duplex: Duplex,
    head: Buffer,
    target: string,
    query: string,
  ): Promise<void> => {
    const id = plainId(withQuery(req.headers, query))
    const lease = await sessions.enter(id, 'sockets', 'wait')()
    if (E.isLeft(lease)) return refuseWith(duplex, lease.left)
    sockets.relay(req, duplex, head, lease.right, {
      path: target,
      headers: passedOn(req.headers).filter(([name]) => !name.startsWith('sec-websocket-')),
      protocols: plainProtocols(req.headers),
      protocol: undefined,
      marks: {},
      manner: 'agent',
    })
  }

  const onUpgrade = (req: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    duplex.on('error', () => duplex.destroy()) // a caller that has gone needs no answer
    if (!isFromHere(req.headers)) return refuseWith(duplex, accessDenied('This endpoint is for this machine alone'))
    const found = routeOf(askedBy(req, true))
    if (E.isLeft(found)) return refuseWith(duplex, found.left)
    const { right } = found
    const fail = (error: ServiceError): void => refuseWith(duplex, error)
    if (right._tag === 'Socket') guard(openSocket(req, duplex, head, right.query), fail)
    else if (right._tag === 'PlainSocket') guard(openPlainSocket(req, duplex, head, right.target, right.query), fail)
    else refuseWith(duplex, internal('Only a socket can be upgraded to'))
  }

  return { onRequest, onUpgrade }
}
