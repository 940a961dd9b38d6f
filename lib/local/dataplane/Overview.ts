/** What `/` shows: the agent, its sessions and the limits, as JSON for the command line and for people. */
import * as O from 'fp-ts/Option'
import type { Isolation } from '../launch/Launcher'
import type { Lifecycle } from '../../core/Lifecycle'
import type { Limits } from '../service/ServiceLimits'
import { isBusy } from '../session/SessionLife'
import type { View } from '../session/AgentSessions'

/** A session, its moments in ISO 8601. */
export interface SessionOverview {
  readonly id: string
  readonly state: 'starting' | 'ready' | 'stopping'
  readonly started: string
  readonly lastUsed: string | null
  /** What `/ping` said last: `HealthyBusy` holds the session. */
  readonly status: 'Healthy' | 'HealthyBusy' | 'Unhealthy' | null
  readonly busy: boolean
  /**
   * What runs: invocations that are not answered yet, open sockets, and the agent's background tasks at its last ping;
   * null where the agent does not tell them.
   */
  readonly tasks: { readonly invocations: number; readonly sockets: number; readonly background: number | null }
  /** Bytes. */
  readonly memory: number | null
  readonly pid: number | null
  /** The file with the agent's output. */
  readonly log: string | null
}

/** A runtime and what goes on in it. */
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

/** A session as it is shown. */
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
