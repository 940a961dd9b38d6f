/**
 * A WebSocket of a caller and one to the agent, joined: messages, pings, pongs and closes pass both ways, and the slower
 * side sets the pace of the other. The caller is accepted when the agent has, and refused as it is.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { respondRaw } from '../../node/http/RawResponse'
import { hopByHop } from '../../node/http/HopByHop'
import { readStart } from '../../node/http/BoundedBody'
import type { Clock } from '../../node/Clock'
import { framed, isOverRate, noFrames } from './FrameRate'
import { errorCode, errorMessage } from '../../node/SystemError'
import type { Limits } from '../service/ServiceLimits'
import type { Line } from '../service/RequestHeaders'
import { headerLines } from '../../node/http/RequestFields'
import { type Marks, refuseWith } from '../service/Respond'
import type { Lease } from '../session/SessionEntry'

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

/** How many bytes may be unsent on one side before the other is made to wait. */
const highWaterMark = 1_048_576

const lowWaterMark = highWaterMark / 4

/** How long the answer to a close may take, in milliseconds. */
const closeTimeout = 2000

/** How much of an agent's refusal is passed on, in bytes. */
const maxRefusal = 65_536

const closeCodes: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
}

/** The code that a flaw of a peer is closed with. */
const toCloseCode = (error: Error): number => closeCodes[errorCode(error) ?? ''] ?? 1002

const maySend = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)

const shut = (socket: WebSocket, code: number, reason: string | Buffer = ''): void => {
  if (socket.readyState === WebSocket.CLOSED) return
  if (code === 1005) socket.close()
  else if (maySend(code)) socket.close(code, reason)
  else socket.terminate()
  const late = setTimeout(() => socket.terminate(), closeTimeout)
  socket.once('close', () => clearTimeout(late))
}

/** Passes what comes from one side to the other, and holds the one while the other is slow. */
const pass = (from: WebSocket, to: WebSocket, onFrame: () => boolean): void => {
  const onSent = (): void => {
    if (from.isPaused && to.bufferedAmount <= lowWaterMark) from.resume()
  }
  from.on('message', (data: RawData, isBinary: boolean) => {
    if (!onFrame() || to.readyState !== WebSocket.OPEN) return
    to.send(data, { binary: isBinary }, onSent)
    if (to.bufferedAmount > highWaterMark) from.pause()
  })
  from.on('ping', (data: Buffer) => {
    if (onFrame() && to.readyState === WebSocket.OPEN) to.ping(data)
  })
  from.on('pong', (data: Buffer) => {
    if (onFrame() && to.readyState === WebSocket.OPEN) to.pong(data)
  })
}

/** Closes the other side as one side was closed. `broken` is for a side that has gone without a word. */
const closeWith = (from: WebSocket, to: WebSocket, broken: number): void => {
  let flaw: number | undefined
  from.on('error', (error) => {
    flaw ??= toCloseCode(error)
    if (from.readyState === WebSocket.OPEN) from.close(flaw)
  })
  from.on('close', (code: number, reason: Buffer) => {
    if (to.isPaused) to.resume()
    if (code === 1006) shut(to, flaw ?? broken)
    else shut(to, code, reason)
  })
}

/** Fields of a refusal that do not reach the caller: it is as long as what was read of it, and has no date of its own. */
const isOfConnection = (name: string): boolean => hopByHop.has(name) || name === 'content-length' || name === 'date'

const toLines = ({ rawHeaders }: IncomingMessage): ReadonlyArray<Line> =>
  rawHeaders.flatMap((name, i) =>
    i % 2 === 1 || isOfConnection(name.toLowerCase()) ? [] : [[name, rawHeaders[i + 1] ?? ''] as const],
  )

/** Tells the caller in the agent's own words, or in those of the service. */
const passRefusal = async (duplex: Duplex, answer: IncomingMessage, lease: Lease, call: SocketCall): Promise<void> => {
  const status = answer.statusCode ?? 500
  if (call.manner === 'service') {
    answer.destroy()
    return refuseWith(duplex, lease.refusal(status), call.marks)
  }
  const body = await readStart(answer, maxRefusal)
  respondRaw(duplex, { status, headers: toLines(answer), body })
}

/** A relay that holds no socket yet. */
export const socketRelay = ({ maxFrame, framesPerSecond, streamTimeout }: Limits, clock: Clock): SocketRelay => {
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
  const open = new Set<() => void>()

  const join = (caller: WebSocket, agent: WebSocket, lease: Lease): void => {
    let rate = noFrames
    const end = (code: number, reason: string): void => {
      shut(caller, code, reason)
      shut(agent, code, reason)
    }
    const fromAgent = (): boolean => {
      lease.touch()
      return true
    }
    const fromCaller = (): boolean => {
      lease.touch()
      rate = framed(clock.now())(rate)
      if (!isOverRate(framesPerSecond)(rate)) return true
      end(1008, `more than ${framesPerSecond} frames a second`)
      return false
    }
    pass(caller, agent, fromCaller)
    pass(agent, caller, fromAgent)
    closeWith(caller, agent, 1006)
    closeWith(agent, caller, 1011)
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

  const relay: SocketRelay['relay'] = (req, duplex, head, lease, call) => {
    if (duplex.destroyed) return lease.leave() // the caller has gone while the session was started
    const dialled = E.tryCatch(
      () =>
        new WebSocket(`ws://${lease.host}:${lease.port}${call.path}`, [...call.protocols], {
          headers: Object.fromEntries([...call.headers, ...lease.connections.secret]),
          autoPong: false,
          perMessageDeflate: false,
          maxPayload: maxFrame,
        }),
      errorMessage,
    )
    if (E.isLeft(dialled)) {
      // A path, a header or a subprotocol that no request can carry: the lease must not outlive it.
      lease.leave()
      return void lease
        .failure(dialled.left)()
        .then((failure) => refuseWith(duplex, failure, call.marks))
    }
    const agent = dialled.right
    let isSettled = false
    const refuse = (tell: () => void | Promise<void>): void => {
      if (isSettled) return
      isSettled = true
      duplex.off('close', leave)
      lease.leave()
      void tell()
    }
    const leave = (): void =>
      refuse(() => {
        agent.terminate()
        duplex.destroy()
      })
    duplex.once('close', leave)
    agent.on('error', (error) => {
      refuse(() =>
        lease
          .failure(error.message)()
          .then((failure) => refuseWith(duplex, failure, call.marks)),
      )
    })
    agent.once('unexpected-response', (_, answer: IncomingMessage) => {
      refuse(() => passRefusal(duplex, answer, lease, call))
    })
    agent.once('open', () => {
      if (isSettled) return agent.terminate()
      isSettled = true
      duplex.off('close', leave)
      protocols.set(req, agent.protocol === '' ? call.protocol : agent.protocol)
      marks.set(req, call.marks)
      let isJoined = false
      server.handleUpgrade(req, duplex, head, (caller) => {
        isJoined = true
        join(caller, agent, lease)
      })
      if (isJoined) return
      agent.terminate() // the handshake was none
      lease.leave()
    })
  }

  return { relay, close: () => [...open].forEach((stop) => stop()) }
}
