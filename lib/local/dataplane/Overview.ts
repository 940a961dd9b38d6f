/** The overview at `/`: the agent, its sessions and the limits, as JSON for the command line and for people. */
import * as O from 'fp-ts/Option'
import type { Isolation } from '../launch/Launcher'
import type { Lifecycle } from '../../core/Lifecycle'
import type { Limits } from '../service/ServiceLimits'
import { isBusy } from '../session/SessionLife'
import type { View } from '../session/AgentSessions'

/** A session. Timestamps are ISO 8601. */
export interface SessionOverview {
  readonly id: string
  readonly state: 'starting' | 'ready' | 'stopping'
  readonly started: string
  readonly lastUsed: string | null
  /** The latest `/ping` status: `HealthyBusy` prevents the idle timeout. */
  readonly status: 'Healthy' | 'HealthyBusy' | 'Unhealthy' | null
  readonly busy: boolean
  /**
   * Invocations in flight, open WebSockets, and background tasks as of the latest ping; null if the agent does not
   * report them.
   */
  readonly tasks: { readonly invocations: number; readonly sockets: number; readonly background: number | null }
  /** In bytes. */
  readonly memory: number | null
  readonly pid: number | null
  /** The log file with the agent's output. */
  readonly log: string | null
}

/** The state of a runtime. */
export interface Overview {
  readonly runtime: {
    readonly pid: number
    readonly url: string
    readonly started: string
    readonly isolation: Isolation
  }
  readonly agent: { readonly name: string; readonly arn: string; readonly endpoint: string }
  readonly sessions: ReadonlyArray<SessionOverview>
  readonly lifecycle: Lifecycle
  readonly limits: Limits
}

const iso = (moment: number): string => new Date(moment).toISOString()

const resting = { lastUsed: null, status: null, busy: false, tasks: { invocations: 0, sockets: 0, background: null } }

/** A session as the overview shows it. */
export const sessionOverview = ({ id, life, memory, pid, log }: View): SessionOverview => {
  const all = {
    id,
    started: iso(life.startedAt),
    memory: O.toNullable(memory),
    pid: O.toNullable(pid),
    log: O.toNullable(log),
  }
  switch (life._tag) {
    case 'Starting':
      return { ...all, ...resting, state: 'starting' }
    case 'Stopping':
      return { ...all, ...resting, state: 'stopping' }
    case 'Ready':
      return {
        ...all,
        state: 'ready',
        lastUsed: iso(life.lastUsed),
        status: life.missed > 0 ? 'Unhealthy' : life.status,
        busy: life.inFlight > 0 || isBusy(life),
        tasks: { invocations: life.inFlight, sockets: life.sockets, background: O.toNullable(life.tasks) },
      }
  }
}
