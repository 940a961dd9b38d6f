/** Operations of plain HTTP requests: the data plane, the agent's own paths, and the overview. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { endsWithCaller } from '../../core/Protocol'
import type { Hold } from '../../node/Budget'
import * as Ev from '../../node/Eventual'
import type { Eventual } from '../../node/Eventual'
import { relay } from '../relay/Relay'
import { passedOn, requiredSessionId, targetOn } from '../service/RequestHeaders'
import { refused, type Refused, refusedWith, respondJson, toMarks } from '../service/Respond'
import { type Route, toPath } from '../service/Route'
import { accessDenied, internal, notFound, type ServiceError } from '../service/ServiceError'
import type { Sessions } from '../session/AgentSessions'
import { type Admission, checkSize } from './Admission'
import { answerTo, controlHeader } from './Control'
import type { Settings } from './Options'
import type { Overview } from './Overview'

/** What the operations depend on. */
export interface OperationParts {
  readonly settings: Settings
  readonly sessions: Sessions
  /** The runtime's own URL. */
  readonly url: () => string
  readonly overview: () => Overview
}

/** A request in flight; `hold` is held until the response. */
export interface RequestExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly hold: Hold
}

type Operation = (exchange: RequestExchange) => Eventual<Refused, void>

/** Runs the operation of a request's route. */
export const requestOperations = (parts: OperationParts, admit: Admission) => {
  const invoke = invocation(parts, admit)
  const plain = plainRequest(parts, admit)
  const operations = {
    Invoke: invoke('POST', '/invocations'),
    AgentCard: invoke('GET', '/.well-known/agent-card.json'),
    StopSession: stopSession(parts, admit),
    ProtectedResource: protectedResource(parts),
    Overview: showOverview(parts),
    Preflight: answerPreflight,
  }
  return (route: Route, exchange: RequestExchange): Eventual<Refused, void> => {
    switch (route._tag) {
      case 'Invoke':
      case 'AgentCard':
      case 'StopSession':
      case 'ProtectedResource':
      case 'Overview':
      case 'Preflight':
        return operations[route._tag](exchange)
      case 'Plain':
        return plain(route.target, route.isPing)(exchange)
      case 'Socket':
      case 'PlainSocket':
        return E.left(refused(internal('A WebSocket requires an upgrade')))
    }
  }
}

const invocation = ({ settings, sessions }: OperationParts, admit: Admission) => {
  const { finishesAlone } = settings
  const relayTo = relay(settings)
  return (method: string, path: string): Operation =>
    ({ req, res, hold }) =>
      pipe(
        admit.toService(req, '', hold),
        Ev.chain(({ sessionId, headers, marks, body }) =>
          pipe(
            sessions.enter(sessionId, 'inFlight', 'refuse'),
            Ev.bimap(refusedWith(marks), (lease) =>
              relayTo(req, res, lease, {
                method,
                path,
                headers,
                body,
                marks,
                manner: 'service',
                finishes: finishesAlone && req.headers[endsWithCaller] !== 'true',
              }),
            ),
          ),
        ),
      )
}

const stopSession =
  ({ sessions }: OperationParts, admit: Admission): Operation =>
  ({ req, res, hold }) =>
    pipe(
      requiredSessionId(req.headers),
      E.mapLeft(refused),
      Ev.chain(() => admit.toService(req, '', hold)),
      Ev.chain(({ sessionId, marks }) =>
        pipe(
          sessions.stop(sessionId)(),
          Ev.bimap(refusedWith(marks), () => respondJson(res, {}, marks)),
        ),
      ),
    )

/** Its headers are on the response already, as CORS headers of any request are. */
const answerPreflight: Operation = ({ res }) => E.right(void res.writeHead(204).end())

const protectedResource =
  ({ settings: { arn, protectedResource: resource }, url }: OperationParts): Operation =>
  ({ res }) =>
    pipe(
      resource,
      E.fromNullable(refused(notFound('This agent does not accept bearer tokens'))),
      Ev.map(({ authorizationServers, scopes }) =>
        respondJson(
          res,
          {
            resource: `${url()}${toPath(arn)}/invocations`,
            authorization_servers: authorizationServers,
            ...(scopes === undefined ? {} : { scopes_supported: scopes }),
            bearer_methods_supported: ['header'],
          },
          toMarks(),
        ),
      ),
    )

/** With an authorizer, session ids, processes and files are visible only to commands that know the runtime's secret. */
const showOverview =
  ({ settings: { control, authorize }, overview }: OperationParts): Operation =>
  ({ req, res }) => {
    const proof = answerTo(control, req.headers[controlHeader])
    return proof === undefined && authorize !== undefined
      ? E.left(
          refused(accessDenied('This runtime authorizes its callers and lists its sessions only for agentcore status')),
        )
      : E.right(respondJson(res, overview(), toMarks(proof === undefined ? {} : { [controlHeader]: proof })))
  }

/** A request on a plain path. `/ping` is authorized too: it may start the agent, and in the cloud it is unreachable. */
const plainRequest = ({ settings, sessions }: OperationParts, admit: Admission) => {
  const relayTo = relay(settings)
  return (target: string, isPing: boolean): Operation =>
    ({ req, res, hold }) => {
      const size: E.Either<ServiceError, void> = isPing ? E.right(undefined) : checkSize(req, settings)
      return pipe(
        size,
        E.mapLeft(refused),
        Ev.chain(() => admit.toAgent(req, '', hold)),
        Ev.chain(({ sessionId, isSigned, body, headers, marks }) =>
          pipe(
            sessions.enter(sessionId, isPing ? 'look' : 'inFlight', 'wait'),
            Ev.bimap(refusedWith(marks), (lease) =>
              relayTo(req, res, lease, {
                method: req.method ?? 'GET',
                path: targetOn(target, isSigned),
                headers: [...passedOn(req.headers, isSigned), ...headers],
                body,
                marks,
                manner: 'agent',
                finishes: false,
              }),
            ),
          ),
        ),
      )
    }
}
