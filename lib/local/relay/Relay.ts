/**
 * Passes a request on to the agent of a session and its answer back, both as they come: nothing is gathered, and the
 * slower side sets the pace of the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as E from 'fp-ts/Either'
import type { Log } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import { isHopByHop } from '../../node/http/HopByHop'
import { type ProxyRules, proxy, type Verdict } from '../../node/exchange/ReverseProxy'
import { errorMessage } from '../../node/SystemError'
import type { Limits } from '../service/ServiceLimits'
import type { Line } from '../service/RequestHeaders'
import { type Marks, respondError } from '../service/Respond'
import { agentFailed, payloadTooLarge, type ServiceError } from '../service/ServiceError'
import type { Lease } from '../session/SessionEntry'
import { grown, noEvent, type Unended } from './EventSize'

/** A request for an agent. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<Line>
  /** The body if it was read already, else it comes with the request. */
  readonly body: Uint8Array | undefined
  /** What goes on the answer beside the agent's own. */
  readonly marks: Marks
  /** As the service answers, where an error of the agent is one of the service; or as the agent itself. */
  readonly manner: 'service' | 'agent'
  /** Whether the agent goes on when the caller has left. */
  readonly finishes: boolean
}

/** What a relay depends on. */
export interface RelayParts {
  readonly limits: Limits
  readonly clock: Clock
  readonly log: Log
}

/** What of an agent's headers reaches a caller of the service. */
const responseHeaders = new Set([
  'content-type',
  'content-encoding',
  'cache-control',
  'mcp-session-id',
  'mcp-protocol-version',
  'x-amzn-trace-id',
  'traceparent',
  'tracestate',
  'baggage',
  'content-length',
])

/** Carries out a call. The lease is left when the agent has answered, or has failed. */
export const relay =
  (parts: RelayParts) =>
  (req: IncomingMessage, res: ServerResponse, lease: Lease, call: Call): void => {
    if (res.destroyed) return lease.leave() // the caller has gone while the session was started
    const asked = E.tryCatch(() => lease.connections.request(toRequest(req, call)), errorMessage)
    if (E.isLeft(asked)) {
      lease.leave() // a path or a header that no request can carry: the lease must not outlive it
      return answerFailure(res, lease, call, asked.left)
    }
    const timer = deadline(parts.clock)
    const giveUp = proxy({ req, res, asked: asked.right, body: call.body }, rules(parts, res, lease, call, timer))
    timer.onLate((ms) => giveUp(agentFailed(504, { why: `it took longer than ${ms} ms` })))
    timer.set(parts.limits.syncTimeout)
  }

const answerFailure = (res: ServerResponse, lease: Lease, { marks }: Call, why: string): void =>
  void lease
    .failure(why)()
    .then((error) => respondError(res, error, marks))

// ---------------------------------------------------------------------------------------------------------------------
// the rules of the service
// ---------------------------------------------------------------------------------------------------------------------

/** What the service does to a request and its answer, as rules of a proxy. */
const rules = (
  { limits, log }: RelayParts,
  res: ServerResponse,
  lease: Lease,
  call: Call,
  timer: Deadline,
): ProxyRules<ServiceError> => {
  let sent = 0
  let answer = unread(limits)
  return {
    onResponse: (head) => {
      if (isEventStream(head)) {
        answer = unreadStream(limits)
        timer.set(limits.streamTimeout)
      }
      return toVerdict(head, res, lease, call, limits)
    },
    onResponsePart: (part) => {
      const next = read(part)(answer)
      if (E.isRight(next)) answer = next.right
      return E.isLeft(next) ? agentFailed(500, { why: next.left }) : undefined
    },
    onRequestPart: (part) => {
      sent += part.length
      return limits.maxPayload > 0 && sent > limits.maxPayload ? payloadTooLarge(limits.maxPayload) : undefined
    },
    refuse: (error) => {
      // An answer that has begun cannot be told to have failed: it breaks off, and the log says why.
      if (res.headersSent && error._tag === 'AgentFailed') {
        const { session } = lease
        log.warn(`An answer of session ${session} is cut off: ${error.hint.why}`, { session })()
      }
      respondError(res, error, call.marks)
    },
    onFailure: (cause) => answerFailure(res, lease, call, lease.connections.explain(cause)),
    onOver: () => {
      timer.cancel()
      lease.leave()
    },
    finishesAlone: call.finishes,
    passesTrailers: call.manner === 'agent',
  }
}

// --- the request

const toRequest = (req: IncomingMessage, { method, path, headers, body }: Call) => ({
  method,
  path,
  headers: [...headers, framing(req, body)],
})

/** How the end of the body is known to the agent: as to this runtime. */
const framing = ({ headers }: IncomingMessage, body: Uint8Array | undefined): Line => {
  if (body !== undefined) return ['content-length', String(body.length)]
  const isChunked = headers['content-length'] === undefined && headers['transfer-encoding'] !== undefined
  return isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', headers['content-length'] ?? '0']
}

// --- the head of the answer

const toVerdict = (
  head: IncomingMessage,
  res: ServerResponse,
  lease: Lease,
  call: Call,
  { maxPayload }: Limits,
): Verdict<ServiceError> => {
  const status = head.statusCode ?? 0
  if (call.manner === 'service' && (status < 200 || status > 299)) {
    return { _tag: 'Replace', answer: () => respondError(res, lease.refusal(status), call.marks) }
  }
  if (maxPayload > 0 && !isEventStream(head) && Number(head.headers['content-length'] ?? 0) > maxPayload) {
    return { _tag: 'Reject', fault: agentFailed(500, { why: tooLarge(maxPayload) }) }
  }
  return { _tag: 'Pass', status, headers: answerHeaders(head, call) }
}

const isEventStream = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('text/event-stream') ?? false

/** The headers of the answer, names and values in turn. */
const answerHeaders = ({ rawHeaders }: IncomingMessage, { manner, marks }: Call): Array<string> => {
  const flat: Array<string> = []
  let isTyped = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    const mayPass = manner === 'service' ? responseHeaders.has(name) : !isHopByHop(name)
    if (!mayPass || Object.hasOwn(marks, name)) continue
    if (name === 'content-type') isTyped = true
    flat.push(name, rawHeaders[i + 1] ?? '')
  }
  if (manner === 'service' && !isTyped) flat.push('content-type', 'application/octet-stream')
  for (const name in marks) flat.push(name, marks[name] ?? '')
  return flat
}

// --- the body of the answer

/** How much of an answer has come, and how much may; 0 is without limit. */
interface Reading {
  readonly received: number
  readonly bound: number
  readonly maxEvent: number
  readonly event: Unended
}

const unread = ({ maxPayload }: Limits): Reading => ({ received: 0, bound: maxPayload, maxEvent: 0, event: noEvent })

const unreadStream = ({ maxChunk }: Limits): Reading => ({ received: 0, bound: 0, maxEvent: maxChunk, event: noEvent })

const tooLarge = (bound: number): string => `its answer is larger than ${bound} bytes`

/** A part has come. Left: why it may not pass. */
const read =
  (part: Buffer) =>
  (reading: Reading): E.Either<string, Reading> => {
    const received = reading.received + part.length
    if (reading.bound > 0 && received > reading.bound) return E.left(tooLarge(reading.bound))
    if (reading.maxEvent === 0) return E.right({ ...reading, received })
    const event = grown(part)(reading.event)
    if (event.largest > reading.maxEvent) return E.left(`an event of it is larger than ${reading.maxEvent} bytes`)
    return E.right({ ...reading, received, event })
  }

// ---------------------------------------------------------------------------------------------------------------------
// time
// ---------------------------------------------------------------------------------------------------------------------

/** A limit on time that can be set anew; 0 is without limit. */
interface Deadline {
  readonly set: (ms: number) => void
  readonly cancel: () => void
  readonly onLate: (f: (ms: number) => void) => void
}

const deadline = (clock: Clock): Deadline => {
  let cancel = (): void => undefined
  let late = (_: number): void => undefined
  return {
    set: (ms) => {
      cancel()
      if (ms > 0) cancel = clock.after(ms, () => late(ms))
    },
    cancel: () => cancel(),
    onLate: (f) => (late = f),
  }
}

/** Whether a body is told to be too large, before any of it is read. */
export const isTooLarge = ({ headers }: IncomingMessage, { maxPayload }: Limits): boolean =>
  maxPayload > 0 && Number(headers['content-length'] ?? 0) > maxPayload
