/**
 * Relays WebSockets between callers and the agent. The caller is accepted when the agent has accepted, and refused as the
 * agent refuses.
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
import type { Line } from '../service/RequestHeaders'
import { type Marks, refuseUpgrade, refuseWith } from '../service/Respond'
import type { Limits } from '../service/ServiceLimits'
import type { Lease } from '../session/SessionEntry'
import { framed, isOverRate, noFrames } from './FrameRate'
import { closeSide, joinSides } from './JoinedSockets'

/** A request for a socket of an agent. */
export interface SocketCall {
  readonly path: string
  readonly headers: ReadonlyArray<Line>
  readonly protocols: ReadonlyArray<string>
  /** The subprotocol that is accepted if the agent chooses none. */
  readonly protocol: string | undefined
  readonly marks: Marks
  readonly manner: 'service' | 'agent'
}

/** Relays sockets. */
export interface SocketRelay {
  readonly relay: (req: IncomingMessage, duplex: Duplex, head: Buffer, lease: Lease, call: SocketCall) => void
  /** Closes all of them. */
  readonly close: () => void
}

/** A caller's request for an upgrade, on its way to the agent. */
interface Upgrade {
  readonly req: IncomingMessage
  readonly duplex: Duplex
  readonly head: Buffer
  readonly lease: Lease
  readonly call: SocketCall
}

/** A relay that holds no socket yet. */
export const socketRelay = (limits: Limits, clock: Clock): SocketRelay => {
  const accept = createCallerServer(limits)
  const open = new Set<() => void>()

  const relay: SocketRelay['relay'] = (req, duplex, head, lease, call) => {
    if (duplex.destroyed) return lease.leave() // the caller has gone while the session was started
    const upgrade = { req, duplex, head, lease, call }
    const opened = openAgent(upgrade, limits)
    if (E.isLeft(opened)) return refuseUnsendable(upgrade, opened.left)
    const agent = opened.right
    whenAccepted(upgrade, agent, () => {
      const caller = accept(upgrade, agent.protocol)
      if (caller !== undefined) return join({ caller, agent, lease, limits, clock, open })
      agent.terminate() // the caller's handshake was invalid
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
        headers: Object.fromEntries([...call.headers, ...lease.connections.secret]),
        autoPong: false,
        perMessageDeflate: false,
        maxPayload: maxFrame,
      }),
    errorMessage,
  )

/** Refuses a path, a header or a subprotocol that no request can carry: the lease must not outlive it. */
const refuseUnsendable = ({ duplex, lease, call }: Upgrade, reason: string): void => {
  lease.leave()
  void lease
    .failure(reason)()
    .then((failure) => refuseWith(duplex, failure, call.marks))
}

/** Waits for the agent's answer: refuses the caller as the agent does, or goes on. The first of all outcomes counts. */
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

/** How much of an agent's refusal is passed on, in bytes. */
const maxRefusal = 65_536

/** Refuses the caller in the agent's own words, or in those of the service. */
const passRefusal = async (duplex: Duplex, answer: IncomingMessage, lease: Lease, call: SocketCall): Promise<void> => {
  const status = answer.statusCode ?? 500
  if (call.manner === 'service') {
    answer.destroy()
    return refuseWith(duplex, lease.refusal(status), call.marks)
  }
  const body = await readStart(answer, maxRefusal)
  refuseUpgrade(duplex, status, toLines(answer), body)
}

/** Fields of a refusal that do not reach the caller: it is as long as what was read of it, and has no date of its own. */
const isOfConnection = (name: string): boolean => isHopByHop(name) || name === 'content-length' || name === 'date'

const toLines = ({ rawHeaders }: IncomingMessage): ReadonlyArray<Line> =>
  rawHeaders.flatMap((name, i) =>
    i % 2 === 1 || isOfConnection(name.toLowerCase()) ? [] : [[name, rawHeaders[i + 1] ?? ''] as const],
  )

// ---------------------------------------------------------------------------------------------------------------------
// the caller's side
// ---------------------------------------------------------------------------------------------------------------------

type Accept = (upgrade: Upgrade, agentProtocol: string) => WebSocket | undefined

/** Completes handshakes with callers; undefined for one that is invalid. `ws` completes each before it returns. */
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
  /** What ends each relay that is open. */
  readonly open: Set<() => void>
}

/** Joins a caller and the agent until one leaves, the lease ends, or a limit of the service is reached. */
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
  const late = streamTimeout > 0 ? clock.after(streamTimeout, () => end(1008, 'it has lasted too long')) : undefined
  open.add(stop)
  caller.once('close', () => {
    open.delete(stop)
    late?.()
    forget()
    lease.leave()
  })
}
