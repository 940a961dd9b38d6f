/**
 * Admits requests to the agent: validates headers, authorizes the caller, then selects the headers to forward. Left:
 * why a request is rejected.
 */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { header, joined, type RawHeaders } from '../../core/Protocol'
import { parseId } from '../../core/Session'
import type { Hold } from '../../node/Budget'
import * as Ev from '../../node/Eventual'
import type { Eventual } from '../../node/Eventual'
import { isTooLarge } from '../relay/Relay'
import { checked, type Forward, forwarding, type HeaderList, sentHeaders, toSessionId } from '../service/RequestHeaders'
import { type Marks, refused, type Refused, toMarks } from '../service/Respond'
import { toPath } from '../service/Route'
import { payloadTooLarge, type ServiceError } from '../service/ServiceError'
import { type Caller, callerCheck } from './CallerAuthorizer'
import type { Settings } from './Options'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** An admitted request on the data plane. */
export interface Admitted {
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  /** The headers to forward to the agent. */
  readonly headers: HeaderList
  /** The headers of the response, whatever its status. */
  readonly marks: Marks
}

/** An admitted request on a plain path of the agent. */
export interface PlainAdmitted {
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  /** Whether to strip the SigV4 signature, which only the runtime may see. */
  readonly isSigned: boolean
  /** Headers for the agent in addition to those of the request. */
  readonly headers: HeaderList
  readonly marks: Marks
}

/** Admits requests. `hold` holds a body until the response; `query` is that of a WebSocket request. */
export interface Admission {
  /** Admits to an operation of the data plane. */
  readonly toService: (req: IncomingMessage, query: string, hold: Hold) => Eventual<Refused, Admitted>
  /** Admits to a plain path of the agent. */
  readonly toAgent: (req: IncomingMessage, query: string, hold: Hold) => Eventual<Refused, PlainAdmitted>
}

/** The session of all plain-path requests without a session id: to their clients, this is a single agent. */
export const plainSession = 'local-default-session-0000000000000000'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Admission to one agent; `url` is the runtime's own URL. */
export const admission = (settings: Settings, url: () => string): Admission => {
  const { authorize, allowList, limits } = settings
  const { maxPayload, maxHeaderValue } = limits
  const check = checked({ allowList, maxHeaderValue })
  const checkCaller = callerCheck({ authorize, maxPayload, challenge: challenge(settings, url) })
  const toAdmitted = admitted(settings)
  const validHeaders = (req: IncomingMessage, query: string): E.Either<ServiceError, RawHeaders> => {
    const size = checkSize(req, settings)
    if (E.isLeft(size)) return size
    const sent = sentHeaders(req, query)
    return E.isLeft(sent) ? sent : check(sent.right)
  }
  return {
    toService: (req, query, hold) => {
      const headers = validHeaders(req, query)
      if (E.isLeft(headers)) return E.left(refused(headers.left))
      return pipe(
        checkCaller(req, hold),
        Ev.bimap(refused, (caller) => toAdmitted(headers.right, caller)),
      )
    },
    toAgent: (req, query, hold) =>
      pipe(
        sentHeaders(req, query),
        Ev.chain((headers) =>
          pipe(
            checkCaller(req, hold),
            Ev.map((caller) => plainAdmitted(headers, caller)),
          ),
        ),
        Ev.mapLeft(refused),
      ),
  }
}

/** Left: a body whose `Content-Length` exceeds the limit, so that none of it is read. */
export const checkSize = (req: IncomingMessage, { limits }: Settings): E.Either<ServiceError, void> =>
  isTooLarge(req, limits) ? E.left(payloadTooLarge(limits.maxPayload)) : E.right(undefined)

/** Points a caller without a token to the document that names the authorization server. */
const challenge =
  ({ arn, protectedResource }: Settings, url: () => string): IO<string | undefined> =>
  () =>
    protectedResource === undefined
      ? undefined
      : `Bearer resource_metadata="${url()}${toPath(arn)}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT"`

const admitted = ({ newId, clock, identityHeaders, allowList }: Settings) => {
  const identity = Object.entries(identityHeaders).flat()
  const forward: Forward = forwarding(
    allowList,
    new Set(Object.keys(identityHeaders).map((name) => name.toLowerCase())),
  )
  return (sent: RawHeaders, { granted, body }: Caller): Admitted => {
    const requestId = newId()
    const sessionId = joined(sent[header.sessionId]) ?? newId()
    const traced = joined(sent[header.xAmznTraceId])
    const trace = traced ?? toTrace(requestId, clock.now())
    const headers = forward(sent, granted.scheme === 'jwt')
    if (traced === undefined) headers.push(header.xAmznTraceId, trace)
    headers.push(header.sessionId, sessionId, header.requestId, requestId)
    for (const text of identity) headers.push(text)
    const marks = toMarks({
      [header.sessionId]: sessionId,
      'x-amzn-requestid': requestId,
      [header.xAmznTraceId]: trace,
    })
    return { sessionId, body, headers, marks }
  }
}

/** A new trace, derived from the request id: the digits of a UUID, whose hyphens are at fixed places. */
const toTrace = (id: string, now: number): string => {
  const seconds = Math.floor(now / 1000).toString(16)
  const digits = id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24, 28)
  return `Root=1-${seconds.padStart(8, '0')}-${digits.padEnd(24, '0')}`
}

/** Without an id of the caller the agent is told the id, since one that it made up would name another session. */
const plainAdmitted = (headers: RawHeaders, { granted, body }: Caller): PlainAdmitted => {
  const own: Readonly<Record<string, string>> = O.isSome(toSessionId(headers))
    ? {}
    : { [header.sessionId]: plainSession }
  return {
    sessionId: plainId(headers),
    body,
    isSigned: granted.scheme === 'sigv4',
    headers: Object.entries(own).flat(),
    marks: toMarks(own),
  }
}

/** The session of a plain-path request: the one in its header, if the agent would accept the id. */
const plainId = (headers: RawHeaders): string =>
  pipe(
    toSessionId(headers),
    O.filter((id) => E.isRight(parseId(id))),
    O.getOrElse(() => plainSession),
  )
