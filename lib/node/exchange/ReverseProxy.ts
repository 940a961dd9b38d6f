/**
 * Forwards a request to a server and streams the response back, with backpressure and cancellation in both directions.
 * Rules decide what may pass.
 *
 * @since 0.2.0
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { onBody, onResponse } from './HttpExchange'
import { type ProxyCommand, type ProxyEvent, type ProxyState, step, waiting } from './ProxyState'
import { endWith } from './SingleWrite'

/** Passes a response. `headers`: names and values in turn. */
export interface Pass {
  readonly _tag: 'Pass'
  readonly status: number
  readonly reason?: string
  readonly headers: Array<string>
}

/** What happens to a response, decided by its head. */
export type Verdict<Fault> =
  | Pass
  /** `answer` responds in its place; the server's body is drained, so that the connection can be reused. */
  | { readonly _tag: 'Replace'; readonly answer: () => void }
  | { readonly _tag: 'Reject'; readonly fault: Fault }

/**
 * The policy of a proxy, the same for all its requests; `Call` is what it knows of one request. `Fault` is the reason for
 * aborting an exchange.
 */
export interface ProxyRules<Call, Fault> {
  readonly onResponse: (call: Call, response: IncomingMessage) => Verdict<Fault>
  /** A fault aborts the exchange before the chunk is forwarded. */
  readonly onResponsePart: (call: Call, part: Buffer) => Fault | undefined
  readonly onRequestPart: (call: Call, part: Buffer) => Fault | undefined
  /** Responds for an aborted exchange; a response that has begun must be destroyed. */
  readonly refuse: (call: Call, fault: Fault) => void
  /** Responds for a server that failed before its response began. */
  readonly onFailure: (call: Call, cause: unknown) => void
  /** Called once when the exchange is over, in any way, before a failure gets its response. */
  readonly onOver: (call: Call) => void
  /** Whether the server continues after the client disconnects. */
  readonly finishesAlone: (call: Call) => boolean
  readonly passesTrailers: (call: Call) => boolean
}

/** A request to forward. */
export interface ProxiedRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** The request to the server, before any of its body is written. */
  readonly asked: ClientRequest
  /** The body, if it has been read already. */
  readonly body: Uint8Array | undefined
}

/** Forwards a request by rules. The returned function aborts the exchange, for example on a timeout. */
export const proxy =
  <Call, Fault>(rules: ProxyRules<Call, Fault>) =>
  (request: ProxiedRequest, call: Call): ((fault: Fault) => void) => {
    const { req, res, asked, body } = request
    const exchange = newExchange(request, rules, call)
    const onFailure = (cause: unknown): void => {
      exchange.cause = cause
      dispatch(exchange, 'ServerFailed')
    }
    onResponse(asked, {
      onResponse: (head) => {
        exchange.head = head
        exchange.length = toLength(head)
        onBody(asked, head, {
          onPart: (part) => {
            exchange.part = part
            dispatch(exchange, 'PartReceived')
          },
          onEnd: () => dispatch(exchange, 'ResponseEnded'),
          onFailure,
        })
        dispatch(exchange, 'HeadReceived')
      },
      onFailure,
    })
    res.on('close', () => {
      if (!res.writableFinished) dispatch(exchange, continues(exchange) ? 'ClientLeft' : 'ClientCancelled')
    })
    if (body !== undefined) endWith(asked, body)
    else if (hasBody(req)) passBody(exchange)
    else asked.end()
    return (fault) => abort(exchange, fault)
  }

// ---------------------------------------------------------------------------------------------------------------------
// interpreter
// ---------------------------------------------------------------------------------------------------------------------

/** One exchange. Mutated only by the listeners, which keep what an event brings, and by the interpreter. */
interface Exchange<Call, Fault> extends ProxiedRequest {
  readonly rules: ProxyRules<Call, Fault>
  readonly call: Call
  state: ProxyState
  head: IncomingMessage | undefined
  verdict: Verdict<Fault> | undefined
  /** The latest chunk of the request or of the response. */
  part: Buffer
  fault: Fault | undefined
  cause: unknown
  /** Bytes of the response that have passed, and those announced; -1 if unknown. */
  received: number
  length: number
  /** The same of the request. */
  sent: number
  readonly size: number
  /** Chunks of the response in this turn. */
  pending: Array<Buffer>
}

const none = Buffer.alloc(0)

const newExchange = <Call, Fault>(
  { req, res, asked, body }: ProxiedRequest,
  rules: ProxyRules<Call, Fault>,
  call: Call,
): Exchange<Call, Fault> => ({
  req,
  res,
  asked,
  body,
  rules,
  call,
  state: waiting,
  head: undefined,
  verdict: undefined,
  part: none,
  fault: undefined,
  cause: undefined,
  received: 0,
  length: -1,
  sent: 0,
  size: toLength(req),
  pending: [],
})

/** An event moves the state before its commands run, since they may dispatch events themselves. */
const dispatch = <Call, Fault>(exchange: Exchange<Call, Fault>, event: ProxyEvent): void => {
  const [state, commands] = step(exchange.state, event)
  exchange.state = state
  for (const command of commands) perform(exchange, command)
}

const abort = <Call, Fault>(exchange: Exchange<Call, Fault>, fault: Fault): void => {
  exchange.fault = fault
  dispatch(exchange, 'Aborted')
}

const perform = <Call, Fault>(exchange: Exchange<Call, Fault>, command: ProxyCommand): void => {
  const { req, res, asked, rules, call, head, verdict, part, fault } = exchange
  switch (command) {
    case 'CheckHead':
      return head === undefined ? undefined : checkHead(exchange, head)
    case 'CheckPart':
      return checkPart(exchange, part)
    case 'CheckRequestPart':
      return judge(exchange, rules.onRequestPart(call, part), 'RequestPartPassed')
    case 'WriteHead':
      return verdict?._tag === 'Pass' ? writeHead(exchange, verdict) : undefined
    case 'Replace':
      return verdict?._tag === 'Replace' ? verdict.answer() : undefined
    case 'WritePart':
      if (exchange.pending.push(part) === 1) process.nextTick(writePending, exchange)
      return
    case 'WriteLastPart':
      return endWith(res, part)
    case 'EndResponse':
      return endResponse(exchange)
    case 'Refuse':
      return fault === undefined ? undefined : rules.refuse(call, fault)
    case 'ReportFailure':
      return rules.onFailure(call, exchange.cause)
    case 'AbortResponse':
      return void res.destroy()
    case 'SendPart':
      return sendPart(exchange, part)
    case 'EndRequest':
      if (asked.writableEnded) return
      if (rules.passesTrailers(call)) asked.addTrailers(req.trailers)
      return void asked.end()
    case 'AbortRequest':
      return void asked.destroy()
    case 'Drain':
      return void head?.resume()
    case 'DropHead':
      return void head?.destroy()
    case 'ReportOver':
      return rules.onOver(call)
  }
}

const judge = <Call, Fault>(exchange: Exchange<Call, Fault>, fault: Fault | undefined, passed: ProxyEvent): void =>
  fault === undefined ? dispatch(exchange, passed) : abort(exchange, fault)

// --- the response

const checkHead = <Call, Fault>(exchange: Exchange<Call, Fault>, head: IncomingMessage): void => {
  const verdict = exchange.rules.onResponse(exchange.call, head)
  exchange.verdict = verdict
  if (verdict._tag === 'Reject') return abort(exchange, verdict.fault)
  dispatch(exchange, verdict._tag === 'Pass' ? 'HeadPassed' : 'HeadReplaced')
}

const writeHead = <Call, Fault>(exchange: Exchange<Call, Fault>, { status, reason, headers }: Pass): void => {
  if (reason === undefined) exchange.res.writeHead(status, headers)
  else exchange.res.writeHead(status, reason, headers)
  process.nextTick(flushHead, exchange)
}

/** With the first chunks, or alone: the client of a silent stream should see it begin. */
const flushHead = <Call, Fault>({ res, received }: Exchange<Call, Fault>): void => {
  if (received === 0 && !res.writableEnded && !res.destroyed) res.flushHeaders()
}

const checkPart = <Call, Fault>(exchange: Exchange<Call, Fault>, part: Buffer): void => {
  exchange.received += part.length
  const isLast = exchange.received === exchange.length && exchange.pending.length === 0
  judge(exchange, exchange.rules.onResponsePart(exchange.call, part), isLast ? 'LastPartPassed' : 'PartPassed')
}

/** Batches all chunks of one read into one write: a stream of small events has hundreds of them. */
const writePending = <Call, Fault>(exchange: Exchange<Call, Fault>): void => {
  const { res, head, pending } = exchange
  if (pending.length === 0) return
  exchange.pending = []
  if (res.writableEnded || res.destroyed) return
  if (res.write(pending.length === 1 ? pending[0] : Buffer.concat(pending)) || head === undefined) return
  head.pause()
  res.once('drain', () => head.resume())
}

const endResponse = <Call, Fault>(exchange: Exchange<Call, Fault>): void => {
  const { res, rules, call, head } = exchange
  writePending(exchange)
  if (res.writableEnded) return
  if (rules.passesTrailers(call) && head !== undefined) res.addTrailers(head.trailers)
  res.end()
}

/** Whether the server continues after the client disconnects: only if it has the whole request. */
const continues = <Call, Fault>({ req, body, rules, call }: Exchange<Call, Fault>): boolean =>
  rules.finishesAlone(call) && (req.complete || body !== undefined)

// --- the request

const passBody = <Call, Fault>(exchange: Exchange<Call, Fault>): void => {
  exchange.req.on('data', (part: Buffer) => {
    exchange.part = part
    dispatch(exchange, 'RequestPartReceived')
  })
  exchange.req.on('end', () => dispatch(exchange, 'RequestEnded'))
}

const sendPart = <Call, Fault>(exchange: Exchange<Call, Fault>, part: Buffer): void => {
  const { req, asked } = exchange
  exchange.sent += part.length
  if (exchange.sent === exchange.size) return endWith(asked, part)
  if (asked.write(part)) return
  req.pause()
  asked.once('drain', () => req.resume())
}

/** The announced length of a body; -1 if unknown. */
const toLength = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? -1)

/** Whether a request has a body. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
