/** Lets requests of the data plane in: the checks of what every operation has, its caller, and the marks of its answer. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { type BodyFault, readBody } from '../../node/http/BoundedBody'
import { budget, type Hold } from '../../node/Budget'
import { header, type RawHeaders } from '../../core/Protocol'
import type { Authorize, Granted, Refusal } from './CallerAuthorizer'
import { isTooLarge } from '../relay/Relay'
import type { Settings } from './Options'
import { checked, forwarded, type Line, sentHeaders, toSessionId } from '../service/RequestHeaders'
import type { Marks } from '../service/Respond'
import { toPath } from '../service/Route'
import { accessDenied, payloadTooLarge, type ServiceError, throttled, unauthorized } from '../service/ServiceError'

/** A new trace, of a request's own id. */
const toTrace = (requestId: string, now: number): string =>
  `Root=1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}-${requestId.replaceAll('-', '').slice(0, 24).padEnd(24, '0')}`

/** What an operation on the data plane is made of, once it has been let in. */
export interface Admitted {
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  readonly lines: ReadonlyArray<Line>
  readonly marks: Marks
}

/** A caller that may call, and the body if it was read to find that out. */
export interface Verdict {
  readonly granted: Granted
  readonly body: Uint8Array | undefined
}

const everyone: Verdict = { granted: { scheme: 'none' }, body: undefined }

/** Lets a request in, or tells why not: at once where everyone may call, for that is every time. */
export type Admit = (
  req: IncomingMessage,
  query: string,
  refuse: (error: ServiceError) => void,
  take: (request: Admitted) => void | Promise<void>,
) => void | Promise<void>

/** Checks the caller alone, as `Admit` does. */
export type AdmitCaller = (
  req: IncomingMessage,
  refuse: (error: ServiceError) => void,
  take: (verdict: Verdict) => void | Promise<void>,
) => void | Promise<void>

/** How requests are admitted: to operations of the data plane, and to the paths of the agent itself. */
export interface Admission {
  readonly admit: Admit
  readonly admitCaller: AdmitCaller
}
/** How many bytes of bodies may be held at once to check their signatures. */
const maxBuffered = 200_000_000

/** Reads no further after a fault: the sender is held up rather than heard out. */
const readPaused = (req: IncomingMessage, limit: number, { take }: Hold): Promise<E.Either<BodyFault, Buffer>> =>
  new Promise((resolve) =>
    readBody(req, { limit: limit > 0 ? limit : Infinity, take }, (read) => {
      if (E.isLeft(read)) req.pause()
      resolve(read)
    }),
  )

/** Admission to one agent; `url` is where its runtime is reached. */
export const admission = (settings: Settings, url: () => string): Admission => {
  const { arn, limits, authorize, newId, clock } = settings
  const policy = { allowList: settings.allowList, maxHeaderValue: limits.maxHeaderValue }
  const challenge = (): string =>
    `Bearer resource_metadata="${url()}${toPath(arn)}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT"`

  const toRefusal = (refusal: Refusal): ServiceError => {
    switch (refusal._tag) {
      case 'Unauthorized':
        return unauthorized(refusal.message, settings.protectedResource === undefined ? undefined : challenge())
      case 'AccessDenied':
        return accessDenied(refusal.message)
    }
  }

  const bodies = budget(maxBuffered)

  const toFault = (fault: BodyFault, refusal: Refusal): ServiceError => {
    switch (fault) {
      case 'too large':
        return payloadTooLarge(limits.maxPayload)
      case 'too many at once':
        return throttled('Too many large requests are being read: try again later')
      case 'cut off':
        return toRefusal(refusal)
    }
  }

  /** The verdict on a request, with its body if that was read for it. */
  const verdictOn = async (
    req: IncomingMessage,
    by: Authorize,
    hold: Hold,
  ): Promise<E.Either<ServiceError, Verdict>> => {
    let read: Promise<E.Either<BodyFault, Buffer>> | undefined
    const verdict = await by({
      method: req.method ?? 'GET',
      target: req.url ?? '/',
      rawHeaders: req.rawHeaders,
      isForSocket: req.headers.upgrade !== undefined,
      body: async () => {
        const body = await (read ??= readPaused(req, limits.maxPayload, hold))
        if (E.isLeft(body)) throw new Error(`The body is ${body.left}`)
        return body.right
      },
    })()
    const body = await read
    if (E.isLeft(verdict)) {
      return E.left(body !== undefined && E.isLeft(body) ? toFault(body.left, verdict.left) : toRefusal(verdict.left))
    }
    return E.right({ granted: verdict.right, body: body === undefined || E.isLeft(body) ? undefined : body.right })
  }

  const admitted = (headers: RawHeaders, { granted, body }: Verdict): Admitted => {
    const requestId = newId()
    const sessionId = O.getOrElse(newId)(toSessionId(headers))
    const own = forwarded(headers, policy, granted.scheme === 'jwt')
    const traced = own.find(([name]) => name === header.xAmznTraceId)?.[1]
    const trace = traced ?? toTrace(requestId, clock.now())
    const lines: ReadonlyArray<Line> = [
      ...own,
      ...(traced === undefined ? [[header.xAmznTraceId, trace] as const] : []),
      [header.sessionId, sessionId],
      [header.requestId, requestId],
      ...settings.identityHeaders,
    ]
    const marks = { [header.sessionId]: sessionId, 'x-amzn-requestid': requestId, [header.xAmznTraceId]: trace }
    return { sessionId, body, lines, marks }
  }

  const admitCaller: AdmitCaller = (req, refuse, take) => {
    if (authorize === undefined) return take(everyone)
    const hold = bodies.hold()
    return verdictOn(req, authorize, hold)
      .then((verdict) => (E.isLeft(verdict) ? refuse(verdict.left) : take(verdict.right)))
      .finally(hold.release)
  }

  const admit: Admit = (req, query, refuse, take) => {
    if (isTooLarge(req, limits)) return refuse(payloadTooLarge(limits.maxPayload))
    const headers = pipe(sentHeaders(req, query), E.chain(checked(policy)))
    if (E.isLeft(headers)) return refuse(headers.left)
    return admitCaller(req, refuse, (verdict) => take(admitted(headers.right, verdict)))
  }

  return { admit, admitCaller }
}
