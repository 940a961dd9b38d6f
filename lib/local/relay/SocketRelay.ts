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

/** A client's upgrade request, pending until the agent responds. */
interface Upgrade {
  readonly req: IncomingMessage
  readonly duplex: Duplex
  readonly head: Buffer
  readonly lease: Lease
  readonly call: SocketCall
}

/** A relay without open WebSockets. */
export const socketRelay = (limits: Limits, clock: Clock): SocketRelay => {
  const accept = createCallerServer(limits)
  const open = new Set<() => void>()

  const relay: SocketRelay['relay'] = (req, duplex, head, lease, call) => {
    if (duplex.destroyed) return lease.leave() // disconnected while the session started
    const upgrade = { req, duplex, head, lease, call }
    const opened = openAgent(upgrade, limits)
    if (E.isLeft(opened)) return refuseUnsendable(upgrade, opened.left)
    const agent = opened.right
    whenAccepted(upgrade, agent, () => {
      const caller = accept(upgrade, agent.protocol)
      if (caller !== undefined) return join({ caller, agent, lease, limits, clock, open })
      agent.terminate() // the client's handshake was invalid
      lease.leave()
    })
  }

  return { relay, close: () => [...open].forEach((stop) => stop()) }
}

// ---------------------------------------------------------------------------------------------------------------------
// the agent's side
// ---------------------------------------------------------------------------------------------------------------------

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
const refuseUnsendable = ({ duplex, lease, call }: Upgrade, reason: string): void => {
  lease.leave()
  void lease
    .failure(reason)()
    .then((failure) => refuseWith(duplex, failure, call.marks))
}

/** Waits for the agent's response, then rejects the client's upgrade or continues. The first outcome wins. */
const whenAccepted = ({ duplex, lease, call }: Upgrade, agent: WebSocket, onAccepted: () => void): void => {
  let isSettled = false
  const settle = (): boolean => {
    if (isSettled) return false
    isSettled = true
    duplex.off('close', onGone)
    return true
  }
  const refuse = (answer: () => void | Promise<void>): void => {
    if (!settle()) return
    lease.leave()
    void answer()
  }
  const onGone = (): void =>
    refuse(() => {
      agent.terminate()
      duplex.destroy()
    })
  duplex.once('close', onGone)
  agent.on('error', (error) => refuse(async () => refuseWith(duplex, await lease.failure(error.message)(), call.marks)))
  agent.once('unexpected-response', (_, answer: IncomingMessage) =>
    refuse(() => passRefusal(duplex, answer, lease, call)),
  )
  agent.once('open', () => (settle() ? onAccepted() : agent.terminate()))
}

/** How much of the body of an agent's rejection is relayed, in bytes. */
const maxRefusal = 65_536

/** Rejects the upgrade with the agent's own response, or with that of the service. */
const passRefusal = async (duplex: Duplex, answer: IncomingMessage, lease: Lease, call: SocketCall): Promise<void> => {
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

interface Joined {
  readonly caller: WebSocket
  readonly agent: WebSocket
  readonly lease: Lease
  readonly limits: Limits
  readonly clock: Clock
  /** What closes each open relay. */
  readonly open: Set<() => void>
}

/** Joins a client and the agent until one side closes, the lease ends, or a limit is reached. */
const join = ({ caller, agent, lease, limits, clock, open }: Joined): void => {
  const { framesPerSecond, streamTimeout } = limits
  const end = (code: number, reason: string): void => {
    closeSide(caller, code, reason)
    closeSide(agent, code, reason)
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
    lease.leave()
  })
}
