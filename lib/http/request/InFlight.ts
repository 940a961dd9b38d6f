/**
 * Registry of in-flight requests, whatever each has become: a pending response, a stream, an open WebSocket. They are
 * records of data rather than closures, since a server holds one for each idle WebSocket.
 */
import type { IO } from 'fp-ts/IO'
import type { WebSocket } from 'ws'
import { type AgentError, interrupted } from '../../core/AgentError'
import type { SessionId } from '../../core/Session'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a request has become: an invocation, a WebSocket, or a request for a route of the user's. */
export type Kind = 'request' | 'socket' | 'route'

/** A request in flight. */
export interface Pending {
  /** On shutdown a WebSocket is closed, any other request may finish. */
  readonly kind: Kind
  readonly sessionId: SessionId
  /** Its slot in the registry, set only by the registry; negative when not in flight. */
  slot: number
  /** Why it was interrupted; the first reason wins. */
  reason: AgentError | undefined
  /** Called on interruption. */
  interruption: ((reason: AgentError, pending: Pending) => void) | undefined
  /** Its connection, once it has become a WebSocket. */
  ws: WebSocket | undefined
  /** The source of its signal, created on demand. */
  controller: AbortController | undefined
}

/** The registry of in-flight requests. */
export interface InFlight extends Iterable<Pending> {
  readonly add: (pending: Pending) => void
  /** Removes a finished request. */
  readonly remove: (pending: Pending) => void
  /** Resolves when no request is in flight. */
  readonly whenEmpty: () => Promise<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An empty registry. An array whose holes are filled from its end instead of a Set: after additions and deletions, a
 * Set leaves chains of old tables behind, through which the garbage collector keeps finished requests alive until its
 * next full run.
 */
export const createInFlight = (): InFlight => {
  const slots: Array<Pending> = []
  const waiting: Array<IO<void>> = []

  return {
    add: (pending) => {
      pending.slot = slots.push(pending) - 1
    },
    remove: (pending) => {
      const last = slots.pop()
      if (last !== undefined && last !== pending) {
        slots[pending.slot] = last
        last.slot = pending.slot
      }
      pending.slot = -1
      if (slots.length === 0) for (const wake of waiting.splice(0)) wake()
    },
    whenEmpty: () =>
      new Promise((resolve) => {
        if (slots.length === 0) resolve()
        else waiting.push(resolve)
      }),
    [Symbol.iterator]: () => [...slots].values(),
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// interruption
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a request is in flight. */
export const isInFlight = ({ slot }: Pending): boolean => slot >= 0

/** Interrupts a request; does nothing once it has finished. */
export const interrupt = (pending: Pending, reason: AgentError): void => {
  if (!isInFlight(pending) || pending.reason !== undefined) return
  pending.reason = reason
  pending.controller?.abort(reason)
  pending.interruption?.(reason, pending)
}

/** Sets the callback for an interruption; called at once if there was one. */
export const onInterrupt = (pending: Pending, act: (reason: AgentError, pending: Pending) => void): void => {
  pending.interruption = act
  if (pending.reason !== undefined) act(pending.reason, pending)
}

/** The signal that an interruption aborts: free until someone asks for it. */
export const toSignal = (pending: Pending): AbortSignal => {
  if (pending.controller === undefined) {
    pending.controller = new AbortController()
    if (pending.reason !== undefined) pending.controller.abort(pending.reason)
  }
  return pending.controller.signal
}

/** Interrupts the other invocations of a session that are in flight; returns how many. */
export const cancelSession =
  (inFlight: InFlight, sessionId: string, self?: Pending): IO<number> =>
  () => {
    const others = [...inFlight].filter(
      (pending) => pending.kind === 'request' && pending.sessionId === sessionId && pending !== self,
    )
    others.forEach((pending) => interrupt(pending, interrupted))
    return others.length
  }
