/**
 * Relays a request to the agent of a session, and the response back. Both are streamed, with backpressure in both
 * directions.
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
import { answerHeader, listenTo } from './AgentAnswer'
import { grown, noEvent, type Unended } from './EventSize'

/** A request to relay. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<Line>
  /** The body if it has been read already; otherwise it is streamed from the request. */
  readonly body: Uint8Array | undefined
  /** Response headers in addition to the agent's own. */
  readonly marks: Marks
  /** Whether to respond as the service, which replaces errors of the agent, or as the agent itself. */
  readonly manner: 'service' | 'agent'
  /** Whether the agent continues after the client disconnects. */
  readonly finishes: boolean
}

/** What a relay depends on. */
export interface RelayParts {
  readonly limits: Limits
  readonly clock: Clock
  readonly log: Log
}

/** Response headers of the agent that reach a client of the service. */
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

/** Relays a request. Its lease ends when the agent has responded or failed. */
export const relay =
  (parts: RelayParts) =>
  (req: IncomingMessage, res: ServerResponse, lease: Lease, call: Call): void => {
    if (res.destroyed) return lease.leave() // disconnected while the session started
    const asked = E.tryCatch(() => lease.connections.request(toRequest(req, call)), errorMessage)
    if (E.isLeft(asked)) {
      lease.leave() // the path or a header is invalid in HTTP
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

/** The service's rules for requests and responses, as proxy rules. */
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
      // A response in flight can no longer become an error: it is aborted, and the log says why.
      if (res.headersSent && error._tag === 'AgentFailed') {
        const { session } = lease
        log.warn(`Aborted a response of session ${session}: ${error.hint.why}`, { session })()
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

/** How the request body is framed for the agent: as it was for this runtime. */
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
    const refuse = (text: string): void => respondError(res, lease.refusal(status, answerHeader(text)), call.marks)
    return { _tag: 'Replace', answer: () => listenTo(head, refuse) }
  }
  if (maxPayload > 0 && !isEventStream(head) && Number(head.headers['content-length'] ?? 0) > maxPayload) {
    return { _tag: 'Reject', fault: agentFailed(500, { why: tooLarge(maxPayload) }) }
  }
  return { _tag: 'Pass', status, headers: answerHeaders(head, call) }
}

const isEventStream = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('text/event-stream') ?? false

/** Response headers, names and values in turn. */
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

/** How much of a response has been read, and its limit; 0 means no limit. */
interface Reading {
  readonly received: number
  readonly bound: number
  readonly maxEvent: number
  readonly event: Unended
}

const unread = ({ maxPayload }: Limits): Reading => ({ received: 0, bound: maxPayload, maxEvent: 0, event: noEvent })

const unreadStream = ({ maxChunk }: Limits): Reading => ({ received: 0, bound: 0, maxEvent: maxChunk, event: noEvent })

const tooLarge = (bound: number): string => `its response is larger than ${bound} bytes`

/** Counts a chunk. Left: the limit that it exceeds. */
const read =
  (part: Buffer) =>
  (reading: Reading): E.Either<string, Reading> => {
    const received = reading.received + part.length
    if (reading.bound > 0 && received > reading.bound) return E.left(tooLarge(reading.bound))
    if (reading.maxEvent === 0) return E.right({ ...reading, received })
    const event = grown(part)(reading.event)
    if (event.largest > reading.maxEvent) return E.left(`an event is larger than ${reading.maxEvent} bytes`)
    return E.right({ ...reading, received, event })
  }

// ---------------------------------------------------------------------------------------------------------------------
// time
// ---------------------------------------------------------------------------------------------------------------------

/** A timeout that can be restarted; 0 means no limit. */
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

/** Whether `Content-Length` already exceeds the limit, before anything is read. */
export const isTooLarge = ({ headers }: IncomingMessage, { maxPayload }: Limits): boolean =>
  maxPayload > 0 && Number(headers['content-length'] ?? 0) > maxPayload
