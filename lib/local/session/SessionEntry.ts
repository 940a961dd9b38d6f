/** An entry in the table of sessions: a session's state, its agent, and the leases of its users. */
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { within } from '../../node/within'
import type { Clock } from '../../node/Clock'
import type { Connections } from '../launch/Connections'
import { agentFailed, type ServiceError } from '../service/ServiceError'
import { type Agent, toHint } from './AgentStart'
import type { Kind, Why } from './SessionLife'
import { reasons } from './SessionNews'
import { absent, type SessionEvent, type SessionState } from './SessionState'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** One session. Mutated only by the interpreter of its commands. */
export interface SessionEntry {
  readonly id: string
  state: SessionState
  agent: Agent | undefined
  /** Aborts the start of the agent. */
  readonly launch: AbortController
  cancelPing: IO<void>
  /** Callbacks for a session that stops while in use; undefined once it has stopped. */
  listeners: Set<IO<void>> | undefined
}

/** A lease: one invocation or WebSocket that uses a session. */
export interface Lease {
  readonly session: string
  readonly host: string
  readonly port: number
  readonly connections: Connections
  /** Records a WebSocket message. */
  readonly touch: IO<void>
  /** Ends the lease; idempotent. */
  readonly leave: IO<void>
  /** Registers a callback for the session stopping before the lease ends; returns its removal. */
  readonly onEnd: (f: () => void) => IO<void>
  /**
   * The error for an agent that failed during an exchange. Waits briefly for its exit, which explains the failure
   * better.
   */
  readonly failure: (why: string) => Task<ServiceError>
  /** The error for an agent that responded with an error status. */
  readonly refusal: (status: number, answer: string) => ServiceError
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** An entry before its first use. */
export const newEntry = (id: string): SessionEntry => ({
  id,
  state: absent,
  agent: undefined,
  launch: new AbortController(),
  cancelPing: () => undefined,
  listeners: new Set(),
})

/** The lease of an admitted user; `dispatch` receives the events of its entry. */
export const lease = (
  entry: SessionEntry,
  agent: Agent,
  kind: Kind,
  { now }: Clock,
  dispatch: (event: SessionEvent) => void,
): Lease => {
  let isOver = false
  return {
    session: entry.id,
    host: agent.launched.host,
    port: agent.launched.port,
    connections: agent.connections,
    touch: () => dispatch({ _tag: 'Touched', now: now() }),
    leave: () => {
      if (isOver) return
      isOver = true
      dispatch({ _tag: 'Left', now: now(), kind })
    },
    onEnd: (f) => onEndOf(entry, f),
    failure: (why) => () => failureOf(entry, agent, why),
    refusal: (status, answer) =>
      agentFailed(status, { ...toHint(`the agent responded with ${status}`, agent.launched), answer }),
  }
}

const onEndOf = (entry: SessionEntry, f: IO<void>): IO<void> => {
  // A callback registered after the stop runs soon, but asynchronously: by then its caller has the removal.
  if (entry.listeners === undefined) {
    let isForgotten = false
    void Promise.resolve().then(() => (isForgotten ? undefined : f()))
    return () => (isForgotten = true)
  }
  entry.listeners.add(f)
  return () => void entry.listeners?.delete(f)
}

/** How long the agent's exit may lag behind its connection closing, in milliseconds. */
const exitAfterClose = 500

const failureOf = async ({ state }: SessionEntry, { launched }: Agent, why: string): Promise<ServiceError> => {
  const stopped = whyStopped(state)
  if (stopped !== undefined) return agentFailed(500, toHint(reasons[stopped], launched))
  const exit = await within(exitAfterClose, launched.exited().then(O.some), () => O.none)
  return agentFailed(500, toHint(O.isSome(exit) ? `the agent ${exit.value.how}` : `the agent failed: ${why}`, launched))
}

const whyStopped = (state: SessionState): Why | undefined => {
  switch (state._tag) {
    case 'Absent':
      return state.why
    case 'Present':
      return state.life._tag === 'Stopping' ? state.life.why : undefined
  }
}
