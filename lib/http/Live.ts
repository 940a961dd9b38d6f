/** What the app knows of a call that is not finished, whatever it became. */
import type { AgentError } from '../core/AgentError'
import type { SessionId } from '../core/Session'

/** What a call becomes. */
export type Kind = 'request' | 'socket'

/** A call that is not finished. */
export interface Live {
  /** A socket ends when the server stops, a request may finish. */
  readonly kind: Kind
  readonly sessionId: SessionId
  /** Ends the call before its time; the first reason counts, none after it is finished. */
  readonly interrupt: (reason: AgentError) => void
}
