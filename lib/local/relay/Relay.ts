/**
 * Relays a request to the agent of a session, and the response back. Both are streamed, with backpressure in both
 * directions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { Log } from '../../core/Log'
import type { Clock } from '../../node/Clock'
import { isHopByHop } from '../../node/http/HopByHop'
import { type ProxyRules, proxy, type Verdict } from '../../node/exchange/ReverseProxy'
import { errorMessage } from '../../node/SystemError'
import type { Limits } from '../service/ServiceLimits'
import type { HeaderList } from '../service/RequestHeaders'
import { type Marks, respondError } from '../service/Respond'
import { agentFailed, payloadTooLarge, type ServiceError } from '../service/ServiceError'
import type { Lease } from '../session/SessionEntry'
import { answerHeader, listenTo } from './AgentAnswer'
import { grown, noEvent, type Unended } from './EventSize'

/** A request to relay. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: HeaderList
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
export const relay = (parts: RelayParts) => {
  const { clock, limits } = parts
  const forward = proxy(rules(parts))
  return (req: IncomingMessage, res: ServerResponse, lease: Lease, call: Call): void => {
    if (res.destroyed) return lease.leave() // disconnected while the session started
    const asked = E.tryCatch(() => lease.connections.request(toRequest(req, call)), errorMessage)
    if (E.isLeft(asked)) {
      lease.leave() // the path or a header is invalid in HTTP
      return answerFailure(res, lease, call, asked.left)
    }
    const relayed: Relayed = {
      res,
      lease,
      call,
      sent: 0,
      answer: unread(limits),
      abort: doNothing,
      cancelTimeout: doNothing,
    }
    relayed.abort = forward({ req, res, asked: asked.right, body: call.body }, relayed)
    limitTime(clock, relayed, limits.syncTimeout)
  }
}

/** One relayed request, as the rules know it. Mutated only by them. */
interface Relayed {
  readonly res: ServerResponse
  readonly lease: Lease
  readonly call: Call
  /** How many bytes of the request the agent got. */
  sent: number
  answer: Reading
  abort: (error: ServiceError) => void
  cancelTimeout: IO<void>
}

const doNothing = (): void => undefined

/** Starts the timeout of a request anew; 0 means no limit. */
const limitTime = (clock: Clock, relayed: Relayed, ms: number): void => {
  relayed.cancelTimeout()
  relayed.cancelTimeout =
    ms > 0 ? clock.after(ms, () => relayed.abort(agentFailed(504, { why: `it took longer than ${ms} ms` }))) : doNothing
}

const answerFailure = (res: ServerResponse, lease: Lease, { marks }: Call, why: string): void =>
  void lease
    .failure(why)()
    .then((error) => respondError(res, error, marks))

// ---------------------------------------------------------------------------------------------------------------------
// the rules of the service
// ---------------------------------------------------------------------------------------------------------------------

/** The service's rules for requests and responses, as proxy rules. */
const rules = ({ limits, clock, log }: RelayParts): ProxyRules<Relayed, ServiceError> => ({
  onResponse: (relayed, head) => {
    const isStream = isEventStream(head)
    if (isStream) {
      relayed.answer = unreadStream(limits)
      limitTime(clock, relayed, limits.streamTimeout)
    }
    return toVerdict(relayed, head, isStream ? 0 : limits.maxPayload)
  },
  onResponsePart: (relayed, part) => {
    relayed.answer = read(part)(relayed.answer)
    const { flaw } = relayed.answer
    return flaw === undefined ? undefined : agentFailed(500, { why: flaw })
  },
  onRequestPart: (relayed, part) => {
    relayed.sent += part.length
    return limits.maxPayload > 0 && relayed.sent > limits.maxPayload ? payloadTooLarge(limits.maxPayload) : undefined
  },
  refuse: ({ res, lease: { session }, call }, error) => {
    // A response in flight can no longer become an error: it is aborted, and the log says why.
    if (res.headersSent && error._tag === 'AgentFailed')
      log.warn(`Aborted a response of session ${session}: ${error.hint.why}`, { session })()
    respondError(res, error, call.marks)
  },
  onFailure: ({ res, lease, call }, cause) => answerFailure(res, lease, call, lease.connections.explain(cause)),
  onOver: ({ cancelTimeout, lease }) => {
    cancelTimeout()
    lease.leave()
  },
  finishesAlone: ({ call }) => call.finishes,
  passesTrailers: ({ call }) => call.manner === 'agent',
})

// --- the request

const toRequest = (req: IncomingMessage, { method, path, headers, body }: Call) => ({
  method,
  path,
  headers: [headers, framing(req, body)],
})

/** How the request body is framed for the agent: as it was for this runtime. */
const framing = ({ headers }: IncomingMessage, body: Uint8Array | undefined): HeaderList => {
  if (body !== undefined) return ['content-length', String(body.length)]
  const isChunked = headers['content-length'] === undefined && headers['transfer-encoding'] !== undefined
  return isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', headers['content-length'] ?? '0']
}

// --- the head of the answer

/** `maxPayload`: 0 for a stream, whose length is not limited. */
const toVerdict = ({ res, lease, call }: Relayed, head: IncomingMessage, maxPayload: number): Verdict<ServiceError> => {
  const status = head.statusCode ?? 0
  if (call.manner === 'service' && (status < 200 || status > 299)) {
    const refuse = (text: string): void => respondError(res, lease.refusal(status, answerHeader(text)), call.marks)
    return { _tag: 'Replace', answer: () => listenTo(head, refuse) }
  }
  if (maxPayload > 0 && Number(head.headers['content-length'] ?? 0) > maxPayload)
    return { _tag: 'Reject', fault: agentFailed(500, { why: tooLarge(maxPayload) }) }
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
  /** The limit that was exceeded. */
  readonly flaw: string | undefined
}

const unread = ({ maxPayload }: Limits): Reading => ({
  received: 0,
  bound: maxPayload,
  maxEvent: 0,
  event: noEvent,
  flaw: undefined,
})

const unreadStream = ({ maxChunk }: Limits): Reading => ({
  received: 0,
  bound: 0,
  maxEvent: maxChunk,
  event: noEvent,
  flaw: undefined,
})

const tooLarge = (bound: number): string => `its response is larger than ${bound} bytes`

/** Counts a chunk. */
const read =
  (part: Buffer) =>
  ({ received: before, bound, maxEvent, event }: Reading): Reading => {
    const received = before + part.length
    if (maxEvent === 0) {
      const flaw = bound > 0 && received > bound ? tooLarge(bound) : undefined
      return { received, bound, maxEvent, event, flaw }
    }
    const next = grown(part)(event)
    const flaw = next.largest > maxEvent ? `an event is larger than ${maxEvent} bytes` : undefined
    return { received, bound, maxEvent, event: next, flaw }
  }

/** Whether `Content-Length` already exceeds the limit, before anything is read. */
export const isTooLarge = ({ headers }: IncomingMessage, { maxPayload }: Limits): boolean =>
  maxPayload > 0 && Number(headers['content-length'] ?? 0) > maxPayload
