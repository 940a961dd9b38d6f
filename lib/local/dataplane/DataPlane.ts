/** Carries out what requests ask for: the operations of the data plane, and the paths of the agent itself. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { problem } from '../../core/AgentError'
import { flawOfRequest } from '../../node/http/HttpRequest'
import type { Guard } from '../../node/http/LoopbackGuard'
import type { RawHeaders } from '../../core/Protocol'
import { parseId } from '../../core/Session'
import { admission } from './Admission'
import type { Lease } from '../session/SessionEntry'
import { answerTo, controlHeader } from './Control'
import { isTooLarge, relay } from '../relay/Relay'
import type { Overview } from './Overview'
import type { Settings } from './Options'
import { passedOn, sentHeaders, toSessionId, targetOn } from '../service/RequestHeaders'
import { refuseWith, respondError, respondJson } from '../service/Respond'
import { toPath, type Route, route } from '../service/Route'
import {
  accessDenied,
  internal,
  notFound,
  payloadTooLarge,
  type ServiceError,
  unreadable,
} from '../service/ServiceError'
import { requiredSessionId } from '../service/SessionField'
import type { Kind } from '../session/SessionLife'
import type { Manner, Sessions } from '../session/AgentSessions'
import { plainProtocols, toProtocols } from '../service/Subprotocols'
import type { SocketRelay } from '../relay/SocketRelay'

/** What the data plane works with. */
export interface DataPlaneParts {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly sockets: SocketRelay
  /** Where the runtime is reached. */
  readonly url: () => string
  readonly overview: () => Overview
  /** Decides about every request by its head; known once the server listens. */
  readonly guard: IO<Guard>
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

/** The data plane of one agent. */
export const dataPlane = ({ settings, sessions, sockets, url, overview, guard }: DataPlaneParts): DataPlane => {
  const { arn, limits, clock, log, finishesAlone, newId } = settings
  const { admit, admitCaller } = admission(settings, url)
  const toRoute = route(arn)
  const relayTo = relay({ limits, clock, log })
  /** Enters a session: at once if its agent answers. */
  const enter = (
    id: string,
    kind: Kind,
    manner: Manner,
    refuse: (error: ServiceError) => void,
    take: (lease: Lease) => void,
  ): void | Promise<void> => {
    const now = sessions.enterNow(id, kind)
    if (now !== undefined) return take(now)
    return sessions
      .enter(id, kind, manner)()
      .then((lease) => (E.isLeft(lease) ? refuse(lease.left) : take(lease.right)))
  }

  const invoke = (req: IncomingMessage, res: ServerResponse, method: string, path: string): void | Promise<void> =>
    admit(
      req,
      '',
      (error) => respondError(res, error),
      ({ sessionId, lines, marks, body }) =>
        enter(
          sessionId,
          'inFlight',
          'refuse',
          (error) => respondError(res, error, marks),
          (lease) => {
            const call = {
              method,
              path,
              headers: lines,
              body,
              marks,
              manner: 'service',
              finishes: finishesAlone,
            } as const
            relayTo(req, res, lease, call)
          },
        ),
    )

  const stopSession = (req: IncomingMessage, res: ServerResponse): void | Promise<void> => {
    const named = requiredSessionId(req.headers)
    if (E.isLeft(named)) return respondError(res, named.left)
    return admit(
      req,
      '',
      (error) => respondError(res, error),
      async ({ sessionId, marks }) => {
        const stopped = await sessions.stop(sessionId)()
        if (E.isLeft(stopped)) return respondError(res, stopped.left, marks)
        respondJson(res, {}, marks)
      },
    )
  }

  const describeResource = (res: ServerResponse): void => {
    const { protectedResource } = settings
    if (protectedResource === undefined) return respondError(res, notFound('This agent takes no bearer tokens'))
    respondJson(res, {
      resource: `${url()}${toPath(arn)}/invocations`,
      authorization_servers: protectedResource.authorizationServers,
      ...(protectedResource.scopes === undefined ? {} : { scopes_supported: protectedResource.scopes }),
      bearer_methods_supported: ['header'],
    })
  }

  /** Where callers are checked, ids, processes and files of sessions are for commands that know the runtime's secret. */
  const describe = (req: IncomingMessage, res: ServerResponse): void => {
    const proof = answerTo(settings.control, req.headers[controlHeader])
    if (proof !== undefined) return respondJson(res, overview(), { [controlHeader]: proof })
    if (settings.authorize === undefined) return respondJson(res, overview())
    respondError(res, accessDenied('This runtime checks its callers, and shows its sessions to agentcore status alone'))
  }

  /** The session of a request on a plain path: the one that it names, if an agent would take that for an id. */
  const plainId = (headers: RawHeaders): string => {
    const named = toSessionId(headers)
    return O.isSome(named) && E.isRight(parseId(named.value)) ? named.value : plainSession
  }

  const plain = (req: IncomingMessage, res: ServerResponse, target: string, isPing: boolean): void | Promise<void> => {
    if (!isPing && isTooLarge(req, limits)) return respondError(res, payloadTooLarge(limits.maxPayload))
    const refuse = (error: ServiceError): void => respondError(res, error)
    const sent = sentHeaders(req, '')
    if (E.isLeft(sent)) return refuse(sent.left)
    const id = plainId(sent.right)
    // `/ping` too: it may start the agent, and in the cloud nobody from outside can reach it.
    return admitCaller(req, refuse, ({ granted, body }) => {
      const isSigned = granted.scheme === 'sigv4'
      return enter(id, isPing ? 'look' : 'inFlight', 'wait', refuse, (lease) =>
        relayTo(req, res, lease, {
          method: req.method ?? 'GET',
          path: targetOn(target, isSigned),
          headers: passedOn(req.headers, isSigned),
          body,
          marks: {},
          manner: 'agent',
          finishes: false,
        }),
      )
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
        return describe(req, res)
      case 'Socket':
      case 'PlainSocket':
        return respondError(res, internal('A socket needs an upgrade'))
    }
  }

  const attempt = (work: () => void | Promise<void>, giveUp: (error: ServiceError) => void): void => {
    const onFailure = (error: unknown): void => {
      log.error('A request could not be answered', { error })()
      giveUp(internal('The local runtime failed'))
    }
    try {
      const going = work()
      if (going !== undefined) void going.catch(onFailure)
    } catch (error) {
      onFailure(error)
    }
  }

  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const flaw = flawOfRequest(req)
    if (flaw !== undefined) {
      res.shouldKeepAlive = false // where its end is in doubt, so is the beginning of the next
      return respondError(res, unreadable(problem(flaw).message), { 'x-amzn-requestid': newId() })
    }
    const verdict = guard()(req)
    if (E.isLeft(verdict)) return respondError(res, accessDenied(problem(verdict.left).message))
    const found = toRoute(askedBy(req, false))
    if (E.isLeft(found)) return respondError(res, found.left)
    const { right } = found
    attempt(
      () => answer(req, res, right),
      (error) => respondError(res, error),
    )
  }

  const openSocket = (req: IncomingMessage, duplex: Duplex, head: Buffer, query: string): void | Promise<void> =>
    admit(
      req,
      query,
      (error) => refuseWith(duplex, error),
      ({ sessionId, lines, marks }) =>
        enter(
          sessionId,
          'sockets',
          'refuse',
          (error) => refuseWith(duplex, error, marks),
          (lease) => {
            const call = { path: '/ws', headers: lines, marks, manner: 'service', ...toProtocols(req.headers) } as const
            sockets.relay(req, duplex, head, lease, call)
          },
        ),
    )

  const openPlainSocket = (
    req: IncomingMessage,
    duplex: Duplex,
    head: Buffer,
    target: string,
    query: string,
  ): void | Promise<void> => {
    const refuse = (error: ServiceError): void => refuseWith(duplex, error)
    const sent = sentHeaders(req, query)
    if (E.isLeft(sent)) return refuse(sent.left)
    const id = plainId(sent.right)
    return admitCaller(req, refuse, ({ granted }) => {
      const isSigned = granted.scheme === 'sigv4'
      return enter(id, 'sockets', 'wait', refuse, (lease) =>
        sockets.relay(req, duplex, head, lease, {
          path: targetOn(target, isSigned),
          headers: passedOn(req.headers, isSigned).filter(([name]) => !name.startsWith('sec-websocket-')),
          protocols: plainProtocols(req.headers),
          protocol: undefined,
          marks: {},
          manner: 'agent',
        }),
      )
    })
  }

  const onUpgrade = (req: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    duplex.on('error', () => duplex.destroy()) // a caller that has gone needs no answer
    const flaw = flawOfRequest(req)
    if (flaw !== undefined) {
      return refuseWith(duplex, unreadable(problem(flaw).message), { 'x-amzn-requestid': newId() })
    }
    const verdict = guard()(req)
    if (E.isLeft(verdict)) return refuseWith(duplex, accessDenied(problem(verdict.left).message))
    const found = toRoute(askedBy(req, true))
    if (E.isLeft(found)) return refuseWith(duplex, found.left)
    const { right } = found
    const fail = (error: ServiceError): void => refuseWith(duplex, error)
    if (right._tag === 'Socket') attempt(() => openSocket(req, duplex, head, right.query), fail)
    else if (right._tag === 'PlainSocket')
      attempt(() => openPlainSocket(req, duplex, head, right.target, right.query), fail)
    else refuseWith(duplex, internal('Only a socket can be upgraded to'))
  }

  return { onRequest, onUpgrade }
}
