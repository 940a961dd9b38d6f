/**
 * The requests of an app that are in flight, whatever each has become: an answer under way, a stream, an open socket.
 * They are records of what changes, not of closures, since a server holds one for each idle socket.
 */
import type { IO } from 'fp-ts/IO'
import type { WebSocket } from 'ws'
import { type AgentError, interrupted } from '../../core/AgentError'
import type { SessionId } from '../../core/Session'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What a request becomes. */
export type Kind = 'request' | 'socket'

/** A request that is not finished. */
export interface Pending {
  /** A socket is closed when the server stops, a request may finish. */
  readonly kind: Kind
  readonly sessionId: SessionId
  /** Its slot in the registry, which alone sets it; negative when it is not in flight. */
  slot: number
  /** Why it was interrupted; the first reason counts. */
  reason: AgentError | undefined
  /** What an interruption means. */
  interruption: ((reason: AgentError, pending: Pending) => void) | undefined
  /** Its connection, once it has become a socket. */
  ws: WebSocket | undefined
  /** What its signal comes from, once someone has asked for the signal. */
  controller: AbortController | undefined
}

/** The registry of requests in flight. */
export interface InFlight extends Iterable<Pending> {
  readonly add: (pending: Pending) => void
  /** The request is finished. */
  readonly remove: (pending: Pending) => void
  /** Resolves when no request is in flight. */
  readonly whenEmpty: () => Promise<void>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * No request yet. An array whose holes are filled from its end, not a Set: a Set that is added to and deleted from
 * leaves tables behind that point to the next one, and the garbage collector takes their requests for live until its
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

/** Whether a request is not finished. */
export const isInFlight = ({ slot }: Pending): boolean => slot >= 0

/** Ends a request before its time; nothing once it is finished. */
export const interrupt = (pending: Pending, reason: AgentError): void => {
  if (!isInFlight(pending) || pending.reason !== undefined) return
  pending.reason = reason
  pending.controller?.abort(reason)
  pending.interruption?.(reason, pending)
}

/** Says what an interruption means from here on. Called at once if there was one. */
export const onInterrupt = (pending: Pending, act: (reason: AgentError, pending: Pending) => void): void => {
  pending.interruption = act
  if (pending.reason !== undefined) act(pending.reason, pending)
}

/** The signal that an interruption aborts: it costs nothing until someone asks for it. */
export const toSignal = (pending: Pending): AbortSignal => {
  if (pending.controller === undefined) {
    pending.controller = new AbortController()
    if (pending.reason !== undefined) pending.controller.abort(pending.reason)
  }
  return pending.controller.signal
}

/** Interrupts the invocations of a session that are in flight, but for the one that asks for it; gives how many. */
export const cancelSession =
  (inFlight: InFlight, sessionId: string, self?: Pending): IO<number> =>
  () => {
    const others = [...inFlight].filter(
      (pending) => pending.kind === 'request' && pending.sessionId === sessionId && pending !== self,
    )
    others.forEach((pending) => interrupt(pending, interrupted))
    return others.length
  }
