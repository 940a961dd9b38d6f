/**
 * A call that is not finished, whatever it became: a request, a stream, a socket. It is a record of what changes, not
 * of closures, since a server holds one for each idle socket.
 */
import type { WebSocket } from 'ws'
import type { AgentError } from '../../core/AgentError'
import type { SessionId } from '../../core/Session'

/** What a call becomes. */
export type Kind = 'request' | 'socket'

/** A call that is not finished. */
export interface Live {
  /** A socket ends when the server stops, a request may finish. */
  readonly kind: Kind
  readonly sessionId: SessionId
  /** Its place among the calls of the app; negative when it is finished. */
  at: number
  /** Why it was ended before its time; the first reason counts. */
  reason: AgentError | undefined
  /** What an interruption of the call means. */
  act: ((reason: AgentError, call: Live) => void) | undefined
  /** Its connection, once it has become a socket. */
  ws: WebSocket | undefined
  /** What its signal comes from, once someone has asked for the signal. */
  controller: AbortController | undefined
}

/** Ends a call before its time; nothing once it is finished. */
export const interrupt = (live: Live, reason: AgentError): void => {
  if (live.at < 0 || live.reason !== undefined) return
  live.reason = reason
  live.controller?.abort(reason)
  live.act?.(reason, live)
}

/** Says what an interruption means from here on. Called at once if there was one. */
export const onInterrupt = (live: Live, act: (reason: AgentError, call: Live) => void): void => {
  live.act = act
  if (live.reason !== undefined) act(live.reason, live)
}

/** The signal that an interruption aborts: it costs nothing until someone asks for it. */
export const toSignal = (live: Live): AbortSignal => {
  if (live.controller === undefined) {
    live.controller = new AbortController()
    if (live.reason !== undefined) live.controller.abort(live.reason)
  }
  return live.controller.signal
}
