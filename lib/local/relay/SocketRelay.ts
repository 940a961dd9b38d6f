/**
 * Relays WebSockets between clients and the agent. The client's upgrade is accepted or rejected as the agent decides.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../node/Clock'
import { readStart } from '../../node/exchange/BoundedBody'
import { isHopByHop } from '../../node/http/HopByHop'
import { headerLines } from '../../node/http/RequestFields'
import { errorMessage } from '../../node/SystemError'
import { type HeaderList, toPairs } from '../service/RequestHeaders'
import { type Marks, refuseUpgrade, refuseWith } from '../service/Respond'
import type { Limits } from '../service/ServiceLimits'
import type { Lease } from '../session/SessionEntry'
import { answerHeader } from './AgentAnswer'
import { framed, isOverRate, noFrames } from './FrameRate'
import { closeSide, joinSides } from './JoinedSockets'
import { opening, type SocketCommand, type SocketEvent, type SocketState, step } from './SocketState'

/** A WebSocket request to relay. */
export interface SocketCall {
  readonly path: string
  readonly headers: HeaderList
  readonly protocols: ReadonlyArray<string>
  /** The subprotocol to accept if the agent chooses none. */
  readonly protocol: string | undefined
  readonly marks: Marks
  readonly manner: 'service' | 'agent'
}

/** Relays WebSockets. */
export interface SocketRelay {
  readonly relay: (req: IncomingMessage, duplex: Duplex, head: Buffer, lease: Lease, call: SocketCall) => void
  /** Closes all of them. */
  readonly close: () => void
}

/** A client's upgrade request. */
interface Upgrade {
  readonly req: IncomingMessage
  readonly duplex: Duplex
  readonly head: Buffer
  readonly lease: Lease
  readonly call: SocketCall
}

/** What all relayed WebSockets share. */
interface Shared {
  readonly limits: Limits
  readonly clock: Clock
  readonly accept: Accept
  /** What closes each open relay. */
  readonly open: Set<() => void>
}

/** A relay without open WebSockets. */
export const socketRelay = (limits: Limits, clock: Clock): SocketRelay => {
  const open = new Set<() => void>()
  const shared = { limits, clock, accept: createCallerServer(limits), open }

  const relay: SocketRelay['relay'] = (req, duplex, head, lease, call) => {
    if (duplex.destroyed) return lease.leave() // disconnected while the session started
    const upgrade = { req, duplex, head, lease, call }
    const opened = openAgent(upgrade, limits)
    if (E.isLeft(opened)) return refuseUnsendable(upgrade, opened.left)
    listen({
      ...shared,
      upgrade,
      agent: opened.right,
      caller: undefined,
      state: opening,
      failure: '',
      answer: undefined,
      closing: { code: 1001, reason: '' },
    })
  }

  return { relay, close: () => [...open].forEach((stop) => stop()) }
}

// ---------------------------------------------------------------------------------------------------------------------
// interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** One relayed WebSocket. Mutated only by its listeners, which keep what an event brings, and by the interpreter. */
interface Relayed extends Shared {
  readonly upgrade: Upgrade
  readonly agent: WebSocket
  caller: WebSocket | undefined
  state: SocketState
  /** Why the agent failed, and the response with which it refused. */
  failure: string
  answer: IncomingMessage | undefined
  /** The close frame with which it ends. */
  closing: { readonly code: number; readonly reason: string }
}

const dispatch = (relayed: Relayed, event: SocketEvent): void => {
  const [state, commands] = step(relayed.state, event)
  relayed.state = state
  for (const command of commands) perform(relayed, command)
}

const perform = (relayed: Relayed, command: SocketCommand): void => {
  const { upgrade, agent, answer } = relayed
  switch (command) {
    case 'AcceptCaller':
      relayed.caller = relayed.accept(upgrade, agent.protocol)
      return dispatch(relayed, relayed.caller === undefined ? 'HandshakeFailed' : 'CallerAccepted')
    case 'Join':
      return relayed.caller === undefined ? undefined : join(relayed, relayed.caller)
    case 'PassRefusal':
      return answer === undefined ? undefined : void passRefusal(upgrade, answer)
    case 'RefuseFailure':
      return refuseFailure(upgrade, relayed.failure)
    case 'DropCaller':
      return void upgrade.duplex.destroy()
    case 'TerminateAgent':
      return agent.terminate()
    case 'Close':
      return closeBoth(relayed)
    case 'Leave':
      return upgrade.lease.leave()
  }
}

const openAgent = ({ lease, call }: Upgrade, { maxFrame }: Limits): E.Either<string, WebSocket> =>
  E.tryCatch(
    () =>
      new WebSocket(`ws://${lease.host}:${lease.port}${call.path}`, [...call.protocols], {
        headers: Object.fromEntries(toPairs([...call.headers, ...lease.connections.secret])),
        autoPong: false,
        perMessageDeflate: false,
        maxPayload: maxFrame,
      }),
    errorMessage,
  )

/** Rejects a path, header or subprotocol that is invalid in HTTP, and ends the lease. */
const refuseUnsendable = (upgrade: Upgrade, reason: string): void => {
  upgrade.lease.leave()
  refuseFailure(upgrade, reason)
}

const refuseFailure = ({ duplex, lease, call }: Upgrade, reason: string): void =>
  void lease
    .failure(reason)()
    .then((failure) => refuseWith(duplex, failure, call.marks))

/** Waits for the agent's response, or for the client to leave. */
const listen = (relayed: Relayed): void => {
  const { agent, upgrade } = relayed
  const onLeft = (): void => dispatch(relayed, 'CallerLeft')
  upgrade.duplex.once('close', onLeft)
  agent.on('error', ({ message }) => {
    relayed.failure = message
    dispatch(relayed, 'AgentFailed')
  })
  agent.once('unexpected-response', (_, answer: IncomingMessage) => {
    relayed.answer = answer
    dispatch(relayed, 'AgentRefused')
  })
  agent.once('open', () => {
    upgrade.duplex.off('close', onLeft) // from here on, the WebSocket of the client tells
    dispatch(relayed, 'AgentAccepted')
  })
}

/** How much of the body of an agent's rejection is relayed, in bytes. */
const maxRefusal = 65_536

/** Rejects the upgrade with the agent's own response, or with that of the service. */
const passRefusal = async ({ duplex, lease, call }: Upgrade, answer: IncomingMessage): Promise<void> => {
  const status = answer.statusCode ?? 500
  const body = await readStart(answer, maxRefusal)
  if (call.manner === 'service')
    return refuseWith(duplex, lease.refusal(status, answerHeader(body.toString('utf8'))), call.marks)
  refuseUpgrade(duplex, status, toLines(answer), body)
}

/** Headers of a rejection that are not relayed: the length changes with the limit above, and Node sets its own date. */
const isOfConnection = (name: string): boolean => isHopByHop(name) || name === 'content-length' || name === 'date'

const toLines = ({ rawHeaders }: IncomingMessage): ReadonlyArray<readonly [string, string]> =>
  toPairs(rawHeaders).filter(([name]) => !isOfConnection(name.toLowerCase()))

// ---------------------------------------------------------------------------------------------------------------------
// the caller's side
// ---------------------------------------------------------------------------------------------------------------------

type Accept = (upgrade: Upgrade, agentProtocol: string) => WebSocket | undefined

/** Completes handshakes with clients; undefined for an invalid one. `ws` completes each synchronously. */
const createCallerServer = ({ maxFrame }: Limits): Accept => {
  const protocols = new WeakMap<IncomingMessage, string | undefined>()
  const marks = new WeakMap<IncomingMessage, Marks>()
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: maxFrame,
    handleProtocols: (_offered, req) => protocols.get(req) ?? false,
  })
  server.on('headers', (lines: Array<string>, req: IncomingMessage) => {
    lines.push(...headerLines(Object.entries(marks.get(req) ?? {})))
  })
  return ({ req, duplex, head, call }, agentProtocol) => {
    const accepted: { caller?: WebSocket } = {}
    protocols.set(req, agentProtocol === '' ? call.protocol : agentProtocol)
    marks.set(req, call.marks)
    server.handleUpgrade(req, duplex, head, (caller) => {
      accepted.caller = caller
    })
    return accepted.caller
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// both sides
// ---------------------------------------------------------------------------------------------------------------------

/** Joins a client and the agent until one side closes, the lease ends, or a limit is reached. */
const join = (relayed: Relayed, caller: WebSocket): void => {
  const { agent, limits, clock, open } = relayed
  const { lease } = relayed.upgrade
  const { framesPerSecond, streamTimeout } = limits
  const end = (code: number, reason: string): void => {
    relayed.closing = { code, reason }
    dispatch(relayed, 'Ended')
  }
  let rate = noFrames
  const fromCaller = (): boolean => {
    lease.touch()
    rate = framed(clock.now())(rate)
    if (!isOverRate(framesPerSecond)(rate)) return true
    end(1008, `more than ${framesPerSecond} frames a second`)
    return false
  }
  const fromAgent = (): boolean => {
    lease.touch()
    return true
  }
  joinSides(
    { socket: caller, codeIfBroken: 1006, onFrame: fromCaller },
    { socket: agent, codeIfBroken: 1011, onFrame: fromAgent },
  )
  const stop = (): void => end(1001, '')
  const forget = lease.onEnd(stop)
  const late = streamTimeout > 0 ? clock.after(streamTimeout, () => end(1008, 'maximum duration reached')) : undefined
  open.add(stop)
  caller.once('close', () => {
    open.delete(stop)
    late?.()
    forget()
    dispatch(relayed, 'CallerClosed')
  })
}

const closeBoth = ({ caller, agent, closing: { code, reason } }: Relayed): void => {
  if (caller !== undefined) closeSide(caller, code, reason)
  closeSide(agent, code, reason)
}
