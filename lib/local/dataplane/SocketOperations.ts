/** Operations of upgrade requests: a WebSocket to the agent, on the data plane or on the agent's own path. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { RawHeaders } from '../../core/Protocol'
import type { Hold } from '../../node/Budget'
import * as Ev from '../../node/Eventual'
import type { Eventual } from '../../node/Eventual'
import type { SocketRelay } from '../relay/SocketRelay'
import { passedOn, targetOn } from '../service/RequestHeaders'
import { refused, type Refused, refusedWith } from '../service/Respond'
import type { Route } from '../service/Route'
import { internal } from '../service/ServiceError'
import { plainProtocols, toProtocols } from '../service/Subprotocols'
import type { Sessions } from '../session/AgentSessions'
import type { Admission } from './Admission'

/** What the operations depend on. */
export interface SocketParts {
  readonly sessions: Sessions
  readonly sockets: SocketRelay
}

/** An upgrade request; `hold` is held until the response. */
export interface SocketExchange {
  readonly req: IncomingMessage
  readonly duplex: Duplex
  readonly head: Buffer
  readonly hold: Hold
}

type Operation = (exchange: SocketExchange) => Eventual<Refused, void>

/** Runs the operation of an upgrade's route. */
export const socketOperations = (parts: SocketParts, admit: Admission) => {
  const open = serviceSocket(parts, admit)
  const openPlain = plainSocket(parts, admit)
  return (route: Route, exchange: SocketExchange): Eventual<Refused, void> => {
    switch (route._tag) {
      case 'Socket':
        return open(route.query)(exchange)
      case 'PlainSocket':
        return openPlain(route.target, route.query)(exchange)
      case 'Invoke':
      case 'AgentCard':
      case 'StopSession':
      case 'ProtectedResource':
      case 'Overview':
      case 'Plain':
      case 'Preflight':
        return E.left(refused(internal('Only WebSocket upgrades are supported')))
    }
  }
}

const serviceSocket =
  ({ sessions, sockets }: SocketParts, admit: Admission) =>
  (query: string): Operation =>
  ({ req, duplex, head, hold }) =>
    pipe(
      admit.toService(req, query, hold),
      Ev.chain(({ sessionId, headers, marks }) =>
        pipe(
          sessions.enter(sessionId, 'sockets', 'refuse'),
          Ev.bimap(refusedWith(marks), (lease) =>
            sockets.relay(req, duplex, head, lease, {
              path: '/ws',
              headers,
              marks,
              manner: 'service',
              ...toProtocols(req.headers),
            }),
          ),
        ),
      ),
    )

const plainSocket =
  ({ sessions, sockets }: SocketParts, admit: Admission) =>
  (target: string, query: string): Operation =>
  ({ req, duplex, head, hold }) =>
    pipe(
      admit.toAgent(req, query, hold),
      Ev.chain(({ sessionId, isSigned, headers, marks }) =>
        pipe(
          sessions.enter(sessionId, 'sockets', 'wait'),
          Ev.bimap(refusedWith(marks), (lease) =>
            sockets.relay(req, duplex, head, lease, {
              path: targetOn(target, isSigned),
              headers: [...passedOn(withoutHandshake(req.headers), isSigned), ...headers],
              protocols: plainProtocols(req.headers),
              protocol: undefined,
              marks,
              manner: 'agent',
            }),
          ),
        ),
      ),
    )

/** Headers without those of the handshake with this runtime: its own with the agent has others. */
const withoutHandshake = (headers: RawHeaders): RawHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('sec-websocket-')))
