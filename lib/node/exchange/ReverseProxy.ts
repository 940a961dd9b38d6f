/**
 * Passes a request on to a server and its response back, both as they come: nothing is gathered, the slower side sets
 * the pace of the other, and the end of either side reaches the other. What may pass is for the rules to say.
 *
 * @since 0.2.0
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { onBody, onResponse } from './HttpExchange'
import { endWith } from './SingleWrite'

/** What becomes of a response, decided by its head. */
export type Verdict<Fault> =
  /** `headers`: names and values in turn. */
  | { readonly _tag: 'Pass'; readonly status: number; readonly reason?: string; readonly headers: Array<string> }
  /** `answer` answers in its place; its body is read and dropped, so that the connection can be used again. */
  | { readonly _tag: 'Replace'; readonly answer: () => void }
  | { readonly _tag: 'Reject'; readonly fault: Fault }

/** What a proxy is told to do where it cannot know better. `Fault` is why an exchange is given up. */
export interface ProxyRules<Fault> {
  readonly onResponse: (response: IncomingMessage) => Verdict<Fault>
  /** A fault gives the exchange up before the part is passed on. */
  readonly onResponsePart: (part: Buffer) => Fault | undefined
  readonly onRequestPart: (part: Buffer) => Fault | undefined
  /** Answers for an exchange that was given up; a response that has begun is to be destroyed. */
  readonly refuse: (fault: Fault) => void
  /** Answers for a server that failed before its response began. */
  readonly onFailure: (cause: unknown) => void
  /** The exchange is over, in whatever way; called once, before what answers for a failure. */
  readonly onOver: () => void
  /** Whether the server goes on when the client has left. */
  readonly finishesAlone: boolean
  readonly passesTrailers: boolean
}

/** A request on its way to a server. */
export interface ProxiedRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** The request to the server; nothing of its body was written yet. */
  readonly asked: ClientRequest
  /** The body, if it was read already. */
  readonly body: Uint8Array | undefined
}

/** Carries a request out. What it gives gives the exchange up, as a limit on time does. */
export const proxy = <Fault>(
  { req, res, asked, body }: ProxiedRequest,
  rules: ProxyRules<Fault>,
): ((fault: Fault) => void) => {
  let isOver = false
  let isSilent = false // the client has left, or was answered by the rules
  let isBegun = false
  let received = 0
  let response: IncomingMessage | undefined
  let pending: Array<Buffer> = [] // what has come of the body in this turn

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
    // Together with what has come of the body, or alone: a client of a stream that is silent sees it begin.
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

  /** One write for all the chunks that one read has brought: a stream of small events has hundreds of them. */
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

/** Whether a request announces a body. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
