/**
 * Passes a request on to the agent of a session and its answer back, both as they come: nothing is gathered, and the
 * slower side sets the pace of the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { hopByHop } from '../../node/http/HopByHop'
import type { Log } from '../../core/Log'
import type { Head } from '../agent/AgentAnswer'
import type { Clock } from '../../node/Clock'
import { grown, noEvent, type Unended } from './EventSize'
import type { Limits } from '../service/ServiceLimits'
import type { Line } from '../service/RequestHeaders'
import { type Marks, respondError } from '../service/Respond'
import { agentFailed, payloadTooLarge, type ServiceError } from '../service/ServiceError'
import type { Lease } from '../session/SessionEntry'

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
])

/** Fields of an agent's answer that do not reach the caller: the length is written anew. */
const isOfConnection = (name: string): boolean => hopByHop.has(name) || name === 'content-length'

const isEventStream = ({ headers }: Head): boolean =>
  headers.some(([name, value]) => name === 'content-type' && value.startsWith('text/event-stream'))

/** The headers of the answer, in the flat form that Node writes as they are. */
const answerHeaders = (head: Head, { manner, marks }: Call): Array<string> => {
  const flat: Array<string> = []
  let isTyped = false
  for (const [name, value] of head.headers) {
    if (manner === 'service' ? !responseHeaders.has(name) : isOfConnection(name)) continue
    if (Object.hasOwn(marks, name)) continue
    if (name === 'content-type') isTyped = true
    flat.push(name, value)
  }
  if (manner === 'service' && !isTyped) flat.push('content-type', 'application/octet-stream')
  for (const name in marks) flat.push(name, marks[name] ?? '')
  if (head.length !== undefined) flat.push('content-length', String(head.length))
  return flat
}

const requestHead = ({ method, path, headers }: Call, length: string | undefined, lease: Lease): string => {
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${lease.host}:${lease.port}\r\n${lease.connections.secretLine}`
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`
  return `${text}${length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`}\r\n\r\n`
}

/** How many bytes a body is told to have; undefined where that is not told, 0 where there is none. */
const toLength = ({ headers }: IncomingMessage, { body }: Call): string | undefined => {
  if (body !== undefined) return String(body.length)
  return headers['content-length'] ?? (headers['transfer-encoding'] === undefined ? '0' : undefined)
}

const crlf = '\r\n'

/** Up to which size a part is copied behind the head, which is quicker than to write them as two. */
const small = 16_384

/** The head of a request and the first part of its body, for one write. */
const headWith = (head: string, part: Uint8Array): Buffer => {
  const all = Buffer.allocUnsafe(head.length + part.length)
  all.write(head, 'latin1')
  all.set(part, head.length)
  return all
}

/** Carries out a call. The lease is left when the agent has answered, or has failed. */
export const relay =
  ({ limits, clock, log }: RelayParts) =>
  (req: IncomingMessage, res: ServerResponse, lease: Lease, call: Call): void => {
    if (res.destroyed) return lease.leave() // the caller has gone while the session was started
    const length = toLength(req, call)
    const { maxPayload } = limits
    let isOver = false
    let isAnswered = false // the answer has begun, or is none of the agent's any more
    let isLeft = false // the caller has gone
    let cancelLimit = (): void => undefined

    const finish = (): void => {
      if (isOver) return
      isOver = true
      cancelLimit()
      lease.leave()
    }

    const giveUp = (error: ServiceError): void => {
      finish()
      exchange.abort()
      if (!isLeft) respondError(res, error, call.marks)
    }

    /** An answer that has begun cannot be told to have failed: it breaks off, and the log says why. */
    const giveUpOn = (why: string): void => {
      if (isAnswered) log.warn(`An answer of session ${lease.session} is cut off: ${why}`, { session: lease.session })()
      giveUp(agentFailed(500, { why }))
    }

    const limit = (ms: number): void => {
      cancelLimit()
      if (ms === 0) return
      cancelLimit = clock.after(ms, () => giveUp(agentFailed(504, { why: `it took longer than ${ms} ms` })))
    }

    let received = 0
    let isSwallowed = false // the body of an answer that is not passed on
    let bound = maxPayload
    let event: Unended | undefined // of an answer that is a stream

    const onHead = (head: Head, withMore: boolean): void => {
      const isStream = isEventStream(head)
      if (isStream) {
        bound = 0
        if (limits.maxChunk > 0) event = noEvent
        limit(limits.streamTimeout)
      }
      if (isLeft) return
      if (call.manner === 'service' && (head.status < 200 || head.status > 299)) {
        isSwallowed = true
        isAnswered = true
        return respondError(res, lease.refusal(head.status), call.marks)
      }
      if (bound > 0 && (head.length ?? 0) > bound) return giveUpOn(`its answer is larger than ${bound} bytes`)
      isAnswered = true
      res.writeHead(head.status, answerHeaders(head, call))
      if (!withMore) res.flushHeaders()
    }

    const onBody = (part: Buffer, isLast: boolean): void => {
      received += part.length
      if (isSwallowed || isLeft) return
      if (bound > 0 && received > bound) return giveUpOn(`its answer is larger than ${bound} bytes`)
      if (event !== undefined) {
        const next = grown(part)(event)
        if (next.largest > limits.maxChunk) return giveUpOn(`an event of it is larger than ${limits.maxChunk} bytes`)
        event = next
      }
      if (isLast && part.length <= small)
        res.end(part.toString('latin1'), 'latin1') // one write, with the head
      else if (isLast) res.end(part)
      else if (!res.write(part)) exchange.pause()
    }

    const onEnd = (): void => {
      finish()
      if (!isSwallowed && !isLeft && !res.writableEnded) res.end()
    }

    const onFail = (why: string): void => {
      finish()
      if (isSwallowed || isLeft) return
      if (isAnswered) return void res.destroy()
      void lease
        .failure(why)()
        .then((error) => respondError(res, error, call.marks))
    }

    const onDrain = (): void => void req.resume()
    const exchange = lease.connections.exchange({ onHead, onBody, onEnd, onFail, onDrain }, call.method === 'HEAD')

    res.on('drain', () => exchange.resume())
    res.once('close', () => {
      if (res.writableFinished) return
      isLeft = true
      if (call.finishes && (req.complete || call.body !== undefined)) return exchange.resume()
      exchange.abort()
      finish()
    })
    limit(limits.syncTimeout)

    // --- the request

    const head = requestHead(call, length, lease)
    if (call.body !== undefined || length === '0') {
      exchange.write(headWith(head, call.body ?? new Uint8Array()))
      exchange.end()
      return
    }
    const isChunked = length === undefined
    let sent = 0

    const send = (part: Buffer): boolean => {
      if (!isChunked && sent === 0 && part.length <= small) return exchange.write(headWith(head, part))
      exchange.cork()
      if (sent === 0) exchange.write(head)
      if (isChunked) exchange.write(`${part.length.toString(16)}${crlf}`)
      const isTaken = exchange.write(part)
      if (isChunked) exchange.write(crlf)
      exchange.uncork()
      return isTaken
    }

    req.on('data', (part: Buffer) => {
      if (isOver) return
      if (maxPayload > 0 && sent + part.length > maxPayload) return giveUp(payloadTooLarge(maxPayload))
      if (!send(part)) req.pause()
      sent += part.length
    })
    req.once('end', () => {
      if (isOver) return
      if (sent === 0) exchange.write(head)
      if (isChunked) exchange.write(`0${crlf}${crlf}`)
      exchange.end()
    })
  }

/** Whether a body is told to be too large, before any of it is read. */
export const isTooLarge = ({ headers }: IncomingMessage, { maxPayload }: Limits): boolean =>
  maxPayload > 0 && Number(headers['content-length'] ?? 0) > maxPayload
