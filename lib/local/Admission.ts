/** Lets requests of the data plane in: the checks of what every operation has, its caller, and the marks of its answer. */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { header, type RawHeaders } from '../core/Protocol'
import type { Authorize, Granted, Refusal } from './Authorize'
import { isTooLarge } from './Invocation'
import type { Settings } from './Options'
import { checked, forwarded, type Line, sessionIdOf, withQuery } from './RequestHeaders'
import { bodyOf, type Marks } from './Respond'
import { pathOf } from './Route'
import { accessDenied, payloadTooLarge, type ServiceError, unauthorized } from './ServiceError'

/** A new trace, of a request's own id. */
const traceOf = (requestId: string, now: number): string =>
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

/** Admission to one agent; `url` is where its runtime is reached. */
export const admission = (settings: Settings, url: () => string): Admission => {
  const { arn, limits, authorize, newId, clock } = settings
  const policy = { allowList: settings.allowList, maxHeaderValue: limits.maxHeaderValue }
  const challenge = (): string =>
    `Bearer resource_metadata="${url()}${pathOf(arn)}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT"`

  const refusalOf = (refusal: Refusal): ServiceError => {
    switch (refusal._tag) {
      case 'Unauthorized':
        return unauthorized(refusal.message, settings.protectedResource === undefined ? undefined : challenge())
      case 'AccessDenied':
        return accessDenied(refusal.message)
    }
  }

  /** The verdict on a request, with its body if that was read for it. */
  const verdictOn = async (req: IncomingMessage, by: Authorize): Promise<E.Either<ServiceError, Verdict>> => {
    let read: Promise<Buffer> | undefined
    const verdict = await by({
      method: req.method ?? 'GET',
      target: req.url ?? '/',
      rawHeaders: req.rawHeaders,
      isForSocket: req.headers.upgrade !== undefined,
      body: () => (read ??= bodyOf(req, limits.maxPayload)),
    })()
    return E.isLeft(verdict) ? E.left(refusalOf(verdict.left)) : E.right({ granted: verdict.right, body: await read })
  }

  const admitted = (headers: RawHeaders, { granted, body }: Verdict): Admitted => {
    const requestId = newId()
    const sessionId = O.getOrElse(newId)(sessionIdOf(headers))
    const own = forwarded(headers, policy, granted.scheme === 'jwt')
    const traced = own.find(([name]) => name === header.xAmznTraceId)?.[1]
    const trace = traced ?? traceOf(requestId, clock.now())
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
    return verdictOn(req, authorize).then((verdict) => (E.isLeft(verdict) ? refuse(verdict.left) : take(verdict.right)))
  }

  const admit: Admit = (req, query, refuse, take) => {
    if (isTooLarge(req, limits)) return refuse(payloadTooLarge(limits.maxPayload))
    const headers = checked(policy)(withQuery(req.headers, query))
    if (E.isLeft(headers)) return refuse(headers.left)
    return admitCaller(req, refuse, (verdict) => take(admitted(headers.right, verdict)))
  }

  return { admit, admitCaller }
}
