/**
 * Forwards a request to a server and streams the response back, with backpressure and cancellation in both directions.
 * Rules decide what may pass.
 *
 * @since 0.2.0
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { onBody, onResponse } from './HttpExchange'
import { endWith } from './SingleWrite'

/** What happens to a response, decided by its head. */
export type Verdict<Fault> =
  /** `headers`: names and values in turn. */
  | { readonly _tag: 'Pass'; readonly status: number; readonly reason?: string; readonly headers: Array<string> }
  /** `answer` responds in its place; the server's body is drained, so that the connection can be reused. */
  | { readonly _tag: 'Replace'; readonly answer: () => void }
  | { readonly _tag: 'Reject'; readonly fault: Fault }

/** The policy of a proxy. `Fault` is the reason for aborting an exchange. */
export interface ProxyRules<Fault> {
  readonly onResponse: (response: IncomingMessage) => Verdict<Fault>
  /** A fault aborts the exchange before the chunk is forwarded. */
  readonly onResponsePart: (part: Buffer) => Fault | undefined
  readonly onRequestPart: (part: Buffer) => Fault | undefined
  /** Responds for an aborted exchange; a response that has begun must be destroyed. */
  readonly refuse: (fault: Fault) => void
  /** Responds for a server that failed before its response began. */
  readonly onFailure: (cause: unknown) => void
  /** Called once when the exchange is over, in any way, before a failure gets its response. */
  readonly onOver: () => void
  /** Whether the server continues after the client disconnects. */
  readonly finishesAlone: boolean
  readonly passesTrailers: boolean
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

/** Forwards a request. The returned function aborts the exchange, for example on a timeout. */
export const proxy = <Fault>(
  { req, res, asked, body }: ProxiedRequest,
  rules: ProxyRules<Fault>,
): ((fault: Fault) => void) => {
  let isOver = false
  let isSilent = false // the client disconnected, or the rules responded
  let isBegun = false
  let received = 0
  let response: IncomingMessage | undefined
  let pending: Array<Buffer> = [] // chunks of this turn

  const finish = (): void => {
    if (isOver) return
    isOver = true
    rules.onOver()
  }
  const giveUp = (fault: Fault): void => {
    if (isOver) return
    finish()
    asked.destroy()
    if (!isSilent) rules.refuse(fault)
  }
  const fail = (cause: unknown): void => {
    if (isOver) return
    finish()
    if (isSilent) return
    if (isBegun) res.destroy()
    else rules.onFailure(cause)
  }

  const onHead = (head: IncomingMessage): void => {
    if (isOver) return void head.destroy()
    const verdict = rules.onResponse(head)
    if (verdict._tag === 'Reject') return giveUp(verdict.fault)
    response = head
    passBody(head)
    if (isSilent) return
    if (verdict._tag === 'Replace') {
      isSilent = true
      return verdict.answer()
    }
    isBegun = true
    res.on('drain', () => head.resume())
    if (verdict.reason === undefined) res.writeHead(verdict.status, verdict.headers)
    else res.writeHead(verdict.status, verdict.reason, verdict.headers)
    // With the first chunks, or alone: the client of a silent stream should see it begin.
    process.nextTick(() => {
      if (received === 0 && !res.writableEnded && !res.destroyed) res.flushHeaders()
    })
  }

  const passBody = (from: IncomingMessage): void => {
    const length = Number(from.headers['content-length'] ?? NaN)
    onBody(asked, from, {
      onPart: (part) => {
        if (isOver || isSilent) return
        received += part.length
        const fault = rules.onResponsePart(part)
        if (fault !== undefined) giveUp(fault)
        else if (received === length && pending.length === 0) endWith(res, part)
        else if (pending.push(part) === 1) process.nextTick(writePending, from)
      },
      onEnd: () => {
        writePending(from)
        finish()
        if (isSilent || res.writableEnded) return
        if (rules.passesTrailers) res.addTrailers(from.trailers)
        res.end()
      },
      onFailure: fail,
    })
  }

  /** Batches all chunks of one read into one write: a stream of small events has hundreds of them. */
  const writePending = (from: IncomingMessage): void => {
    const parts = pending
    pending = []
    if (parts.length === 0 || isSilent || res.writableEnded || res.destroyed) return
    if (!res.write(parts.length === 1 ? parts[0] : Buffer.concat(parts))) from.pause()
  }

  const passRequest = (): void => {
    const length = Number(req.headers['content-length'] ?? NaN)
    let sent = 0
    req.on('data', (part: Buffer) => {
      if (isOver) return
      sent += part.length
      const fault = rules.onRequestPart(part)
      if (fault !== undefined) giveUp(fault)
      else if (sent === length) endWith(asked, part)
      else if (!asked.write(part)) req.pause()
    })
    asked.on('drain', () => req.resume())
    req.once('end', () => {
      if (isOver || asked.writableEnded) return
      if (rules.passesTrailers) asked.addTrailers(req.trailers)
      asked.end()
    })
  }

  onResponse(asked, { onResponse: onHead, onFailure: fail })
  res.once('close', () => {
    if (res.writableFinished) return
    isSilent = true
    if (rules.finishesAlone && (req.complete || body !== undefined)) return void response?.resume()
    asked.destroy()
    finish()
  })
  if (body !== undefined) endWith(asked, body)
  else if (hasBody(req)) passRequest()
  else asked.end()
  return giveUp
}

/** Whether a request has a body. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
