/**
 * Admits requests to the agent: the checks of their headers and of their caller, then what the agent gets of them. Left:
 * why a request is refused.
 */
import type { IncomingMessage } from 'node:http'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import { header, type RawHeaders } from '../../core/Protocol'
import { parseId } from '../../core/Session'
import type { Hold } from '../../node/Budget'
import * as Ev from '../../node/Eventual'
import type { Eventual } from '../../node/Eventual'
import { isTooLarge } from '../relay/Relay'
import { checked, forwarded, type Line, sentHeaders, toSessionId } from '../service/RequestHeaders'
import { type Marks, refused, type Refused, toMarks } from '../service/Respond'
import { toPath } from '../service/Route'
import { payloadTooLarge, type ServiceError } from '../service/ServiceError'
import { type Caller, callerCheck } from './CallerAuthorizer'
import type { Settings } from './Options'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A request on the data plane that was admitted. */
export interface Admitted {
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  /** What the agent gets as headers. */
  readonly lines: ReadonlyArray<Line>
  /** What goes on the response, whatever that is. */
  readonly marks: Marks
}

/** A request on a path of the agent itself that was admitted. */
export interface PlainAdmitted {
  readonly sessionId: string
  readonly body: Uint8Array | undefined
  /** Whether the agent must not see a signature, which is for the runtime alone. */
  readonly isSigned: boolean
  readonly marks: Marks
}

/** How requests are admitted; `hold` is held until they are answered, `query` is that of a socket. */
export interface Admission {
  /** To an operation of the data plane. */
  readonly toService: (req: IncomingMessage, query: string, hold: Hold) => Eventual<Refused, Admitted>
  /** To a path of the agent itself. */
  readonly toAgent: (req: IncomingMessage, query: string, hold: Hold) => Eventual<Refused, PlainAdmitted>
}

/** The session that requests on plain paths share that name none: to them this is one agent. */
export const plainSession = 'local-default-session-0000000000000000'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Admission to one agent; `url` is where its runtime is reached. */
export const admission = (settings: Settings, url: () => string): Admission => {
  const { authorize, allowList, limits } = settings
  const { maxPayload, maxHeaderValue } = limits
  const policy = { allowList, maxHeaderValue }
  const checkCaller = callerCheck({ authorize, maxPayload, challenge: challenge(settings, url) })
  return {
    toService: (req, query, hold) =>
      pipe(
        checkSize(req, settings),
        E.chain(() => sentHeaders(req, query)),
        E.chain(checked(policy)),
        Ev.chain((headers) =>
          pipe(
            checkCaller(req, hold),
            Ev.map((caller) => admitted(settings, headers, caller)),
          ),
        ),
        Ev.mapLeft(refused),
      ),
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

/** Left: a body that is larger than it may be, by its own account, so that none of it is read. */
export const checkSize = (req: IncomingMessage, { limits }: Settings): E.Either<ServiceError, void> =>
  isTooLarge(req, limits) ? E.left(payloadTooLarge(limits.maxPayload)) : E.right(undefined)

/** A caller without a token is told where the document is that names who gives one. */
const challenge =
  ({ arn, protectedResource }: Settings, url: () => string): IO<string | undefined> =>
  () =>
    protectedResource === undefined
      ? undefined
      : `Bearer resource_metadata="${url()}${toPath(arn)}/invocations/.well-known/oauth-protected-resource?qualifier=DEFAULT"`

const admitted = (settings: Settings, headers: RawHeaders, { granted, body }: Caller): Admitted => {
  const { newId, clock, identityHeaders } = settings
  const requestId = newId()
  const sessionId = O.getOrElse(newId)(toSessionId(headers))
  const own = forwarded(headers, settings, granted.scheme === 'jwt')
  const traced = own.find(([name]) => name === header.xAmznTraceId)?.[1]
  const trace = traced ?? toTrace(requestId, clock.now())
  const lines: ReadonlyArray<Line> = [
    ...own,
    ...(traced === undefined ? [[header.xAmznTraceId, trace] as const] : []),
    [header.sessionId, sessionId],
    [header.requestId, requestId],
    ...identityHeaders,
  ]
  const marks = toMarks({
    [header.sessionId]: sessionId,
    'x-amzn-requestid': requestId,
    [header.xAmznTraceId]: trace,
  })
  return { sessionId, body, lines, marks }
}

/** A new trace, of a request's own id. */
const toTrace = (requestId: string, now: number): string =>
  `Root=1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}-${requestId.replaceAll('-', '').slice(0, 24).padEnd(24, '0')}`

const plainAdmitted = (headers: RawHeaders, { granted, body }: Caller): PlainAdmitted => ({
  sessionId: plainId(headers),
  body,
  isSigned: granted.scheme === 'sigv4',
  marks: toMarks(),
})

/** The session of a request on a plain path: the one that it names, if an agent would take that for an id. */
const plainId = (headers: RawHeaders): string =>
  pipe(
    toSessionId(headers),
    O.filter((id) => E.isRight(parseId(id))),
    O.getOrElse(() => plainSession),
  )
