/** A session as the table of sessions holds it: its state, its agent, and the leases of those who use it. */
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

/** One session. Only the interpreter of its commands changes it. */
export interface SessionEntry {
  readonly id: string
  state: SessionState
  agent: Agent | undefined
  /** Aborts the start of the agent. */
  readonly launch: AbortController
  cancelPing: IO<void>
  /** What to call when the session ends before its uses do; undefined once it has. */
  listeners: Set<IO<void>> | undefined
}

/** The use of a session by one invocation or socket. */
export interface Lease {
  readonly session: string
  readonly host: string
  readonly port: number
  readonly connections: Connections
  /** A message has passed. */
  readonly touch: IO<void>
  /** The use is over; more than once is as once. */
  readonly leave: IO<void>
  /** Calls when the session ends before the use does; gives what forgets it. */
  readonly onEnd: (f: () => void) => IO<void>
  /** What to answer for an agent that failed in the midst of an exchange. If it has ended, that is known first. */
  readonly failure: (why: string) => Task<ServiceError>
  /** What to answer for an agent that answered with an error. */
  readonly refusal: (status: number) => ServiceError
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** An entry that nobody has entered yet. */
export const newEntry = (id: string): SessionEntry => ({
  id,
  state: absent,
  agent: undefined,
  launch: new AbortController(),
  cancelPing: () => undefined,
  listeners: new Set(),
})

/** The lease of someone who was admitted to a session; `dispatch` takes the events of its entry. */
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
    refusal: (status) => agentFailed(status, toHint(`the agent answered ${status}`, agent.launched)),
  }
}

const onEndOf = (entry: SessionEntry, f: IO<void>): IO<void> => {
  // Who comes after the end is told soon, when it has what forgets the call: as if the end had come then.
  if (entry.listeners === undefined) {
    let isForgotten = false
    void Promise.resolve().then(() => (isForgotten ? undefined : f()))
    return () => (isForgotten = true)
  }
  entry.listeners.add(f)
  return () => void entry.listeners?.delete(f)
}

/** How long the end of an agent may come after the end of its connection, in milliseconds. */
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
