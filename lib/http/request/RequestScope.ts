/** One request on its way: its ids, what it holds of the app, and how it ends. */
import type { IO } from 'fp-ts/IO'
import { deadlineExceeded } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import type { Log } from '../../core/Log'
import type { SessionId } from '../../core/Session'
import { requestId, type Incoming } from './Incoming'
import { type Kept, isKept, recall } from './RequestSnapshot'
import { interrupt, type Kind, type Live } from './Live'
import type { Ids } from '../state/LogWriter'
import type { Runtime } from './Runtime'
import { toSecrets } from './Secrets'

/** Parts of a context. */
export type Parts = { -readonly [P in keyof Context]?: Context[P] }

/** A request that is being answered. */
export interface Call extends Live {
  readonly runtime: Runtime
  readonly sessionId: SessionId
  /** What reached the server, or what an open socket keeps of it. */
  incoming: Incoming | Kept
  /** When it began, in milliseconds since the epoch. */
  readonly since: number
  cancelDeadline: IO<void> | undefined
  log: Log | undefined
  /** Those parts of its context that someone has asked for. */
  parts: Parts | undefined
}

/** A call that uses its session, and ends at the deadline if there is one. */
export const createCall = (runtime: Runtime, kind: Kind, sessionId: SessionId, incoming: Incoming): Call => {
  const { settings, sessions, calls } = runtime
  const { deadline, clock } = settings
  const call: Call = {
    kind,
    at: -1,
    reason: undefined,
    act: undefined,
    ws: undefined,
    controller: undefined,
    runtime,
    sessionId,
    incoming,
    since: clock.now(),
    cancelDeadline: undefined,
    log: undefined,
    parts: undefined,
  }
  sessions.enter(sessionId)
  calls.add(call)
  if (deadline > 0) call.cancelDeadline = clock.after(deadline, () => interrupt(call, deadlineExceeded))
  return call
}

/** The call has its answer, or its stream or socket has ended. */
export const finish = (call: Call): void => {
  if (call.at < 0) return
  const { sessions, calls } = call.runtime
  call.cancelDeadline?.()
  sessions.leave(call.sessionId)
  calls.remove(call)
}

/** What reached the server. */
export const incomingOfCall = (call: Call): Incoming => {
  if (!isKept(call.incoming)) return call.incoming
  call.incoming = recall(call.incoming)
  return call.incoming
}

/** Keeps the session of a call in use until the returned effect runs. */
export const holdSession = ({ runtime: { sessions }, sessionId }: Call): IO<void> => {
  sessions.enter(sessionId)
  return () => sessions.leave(sessionId)
}

/** The id that ties a call to its log lines and its answer. */
export const requestIdOfCall = (call: Call): string => requestId(call.incoming)

/** The log of a call: its ids go into each line, its secrets into none. */
export const toLog = (call: Call): Log =>
  (call.log ??= call.runtime.logs(
    () => toIds(call),
    () => secretsOfCall(call),
  ))

const secretsOfCall = (call: Call): ReadonlyArray<string> => {
  const { req, headers } = incomingOfCall(call)
  return toSecrets(headers, req.url)
}

const toIds = (call: Call): Ids => ({ requestId: requestIdOfCall(call), sessionId: call.sessionId })

/** How long a call has taken until now, in milliseconds. */
export const elapsed = ({ runtime, since }: Call): number => runtime.settings.clock.now() - since
