/** A session as the table of sessions holds it: its life, its agent, and who uses it. */
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import { within } from '../../node/within'
import type { Clock } from '../../node/Clock'
import type { Connections } from './Connections'
import { agentFailed, type ServiceError } from '../service/ServiceError'
import * as Life from './SessionLife'
import { type Agent, toHint } from './AgentStart'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** One session. What changes of it is changed by its table alone. */
export interface Cell {
  readonly id: string
  life: Life.Life
  agent: Agent | undefined
  memory: O.Option<number>
  readonly listeners: Set<() => void>
  readonly abort: AbortController
  /** Resolves when what is going on is over. */
  transition: Promise<unknown>
  cancelPing: IO<void>
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

/** A session that is being started. */
export const startingCell = (id: string, now: number): Cell => ({
  id,
  life: Life.starting(now),
  agent: undefined,
  memory: O.none,
  listeners: new Set(),
  abort: new AbortController(),
  transition: Promise.resolve(),
  cancelPing: () => undefined,
})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/** Moves the life of a session on. */
export const move = (cell: Cell, f: (life: Life.Life) => Life.Life): void => {
  cell.life = f(cell.life)
}

/** Tells those that use a session that it ends, once. */
export const tell = (cell: Cell): void => {
  const listeners = [...cell.listeners]
  cell.listeners.clear()
  for (const listener of listeners) listener()
}

/** Why a session is stopped, in words. */
export const reasons: Readonly<Record<Life.Why, string>> = {
  idle: 'it was idle for idleRuntimeSessionTimeout',
  maxLifetime: 'it has lived for maxLifetime',
  asked: 'it was asked to',
  memory: 'its agent had more memory than maxMemory',
  shutdown: 'the runtime stops',
}

/** How long the end of an agent may come after the end of its connection, in milliseconds. */
const exitAfterClose = 500

/** Begins a use of a session whose agent answers. */
export const lease = (cell: Cell, agent: Agent, kind: Life.Kind, clock: Clock): Lease => {
  move(cell, Life.enter(clock.now(), kind))
  let isOver = false
  return {
    session: cell.id,
    host: agent.launched.host,
    port: agent.launched.port,
    connections: agent.connections,
    touch: () => move(cell, Life.touch(clock.now())),
    leave: () => {
      if (isOver) return
      isOver = true
      move(cell, Life.leave(clock.now(), kind))
    },
    onEnd: (f) => {
      cell.listeners.add(f)
      return () => void cell.listeners.delete(f)
    },
    failure: (why) => async () => {
      if (cell.life._tag === 'Stopping') return agentFailed(500, toHint(reasons[cell.life.why], agent.launched))
      const exit = await within(exitAfterClose, agent.launched.exited().then(O.some), () => O.none)
      return agentFailed(
        500,
        toHint(O.isSome(exit) ? `the agent ${exit.value.how}` : `the agent failed: ${why}`, agent.launched),
      )
    },
    refusal: (status) => agentFailed(status, toHint(`the agent answered ${status}`, agent.launched)),
  }
}
