/**
 * The scope of an admitted request: it begins when its session is known, uses that session, and ends with the response,
 * stream or WebSocket. Its log, deadline and failures are here.
 *
 * A request is `Incoming` until it is admitted. The app's runtime, which each scope knows, lists its scopes as what it
 * knows of them, in `InFlight`. Handlers see a scope as its `RequestContext`; an idle WebSocket keeps the request as a
 * `RequestSnapshot`.
 */
import type { IO } from 'fp-ts/IO'
import { type AgentError, deadlineExceeded } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import type { Log } from '../../core/Log'
import { header } from '../../core/Protocol'
import type { SessionId } from '../../core/Session'
import { enveloped, isEnveloped } from '../response/Refusal'
import type { Answer } from '../response/WireResponse'
import { type Origin, origin } from '../log/LogSink'
import { interrupt, isInFlight, type Kind, type Pending } from './InFlight'
import { type Incoming, requestId } from './Incoming'
import { isSnapshot, restore, type Snapshot } from './RequestSnapshot'
import type { Runtime } from './Runtime'
import { toSecrets } from './Secrets'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A request in flight. */
export interface RequestScope extends Pending {
  readonly runtime: Runtime
  /** The request as received, or the snapshot of it that an open WebSocket holds. */
  incoming: Incoming | Snapshot
  /** When it began, in milliseconds since the epoch. */
  readonly since: number
  cancelDeadline: IO<void> | undefined
  log: Log | undefined
  /** What its log lines have in common, once there is one. */
  origin: Origin | undefined
  /** Parts of its context that were computed on demand. */
  parts: Parts | undefined
}

/** Parts of a context. */
export type Parts = { -readonly [P in keyof Context]?: Context[P] }

// ---------------------------------------------------------------------------------------------------------------------
// lifecycle
// ---------------------------------------------------------------------------------------------------------------------

/** Begins a scope: it uses its session, and is interrupted at the deadline, if there is one. */
export const begin = (runtime: Runtime, kind: Kind, sessionId: SessionId, incoming: Incoming): RequestScope => {
  const { settings, sessions, inFlight } = runtime
  const { deadline, clock } = settings
  const scope: RequestScope = {
    kind,
    slot: -1,
    reason: undefined,
    interruption: undefined,
    ws: undefined,
    controller: undefined,
    runtime,
    sessionId,
    incoming,
    since: clock.now(),
    cancelDeadline: undefined,
    log: undefined,
    origin: undefined,
    parts: undefined,
  }
  sessions.enter(sessionId)
  inFlight.add(scope)
  if (deadline > 0) scope.cancelDeadline = clock.after(deadline, () => interrupt(scope, deadlineExceeded))
  return scope
}

/** Ends a scope: the request has its response, or its stream or WebSocket has ended. */
export const finish = (scope: RequestScope): void => {
  if (!isInFlight(scope)) return
  const { sessions, inFlight, effects } = scope.runtime
  scope.cancelDeadline?.()
  sessions.leave(scope.sessionId)
  inFlight.remove(scope)
  effects?.end(scope, toLog(scope).warn)
}

/** Keeps the session of a scope in use until the returned effect runs. */
export const holdSession = ({ runtime: { sessions }, sessionId }: RequestScope): IO<void> => {
  sessions.enter(sessionId)
  return () => sessions.leave(sessionId)
}

// ---------------------------------------------------------------------------------------------------------------------
// accessors
// ---------------------------------------------------------------------------------------------------------------------

/** The request as received, restored from its snapshot if the scope holds one. */
export const readIncoming = (scope: RequestScope): Incoming => {
  if (!isSnapshot(scope.incoming)) return scope.incoming
  scope.incoming = restore(scope.incoming)
  return scope.incoming
}

/** The id that correlates a request with its log lines and its response. */
export const readRequestId = (scope: RequestScope): string => requestId(scope.incoming)

/** Time since the request began, in milliseconds. */
export const elapsed = ({ runtime, since }: RequestScope): number => runtime.settings.clock.now() - since

/** The log of a request: every line has its ids, none its secrets. */
export const toLog = (scope: RequestScope): Log => (scope.log ??= scope.runtime.logs.of(toOrigin(scope)))

/** Logs that a request is over, by a constant message. Nothing is computed if nobody reads it. */
export const summarize = (scope: RequestScope, message: string, status?: number): void => {
  const { logs } = scope.runtime
  if (!logs.isWritten('info')) return
  const duration = elapsed(scope)
  logs.summary(toOrigin(scope), 'info', message, status === undefined ? { duration } : { status, duration })
}

const toOrigin = (scope: RequestScope): Origin =>
  (scope.origin ??= origin(
    () => ({ requestId: readRequestId(scope), sessionId: scope.sessionId }),
    () => readSecrets(scope),
  ))

const readSecrets = (scope: RequestScope): ReadonlyArray<string> => {
  const { req, headers } = readIncoming(scope)
  return toSecrets(headers, req.url)
}

/** The response for a failure; that of an invocation includes its session id, and may have status 200. */
export const failure = (scope: RequestScope): ((error: AgentError) => Answer) => {
  const { runtime, kind, sessionId } = scope
  if (kind !== 'request') return runtime.failure(readRequestId(scope))
  const toAnswer = runtime.failure(readRequestId(scope), { [header.sessionId]: sessionId })
  return isEnveloped(runtime.settings, readIncoming(scope).req.headers.accept)
    ? (error) => enveloped(error, toAnswer(error))
    : toAnswer
}
