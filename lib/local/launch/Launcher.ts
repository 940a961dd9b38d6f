/**
 * Starts an agent for a session. A capability, so that the runtime need not know whether it is a process, a container
 * or one shared agent.
 */
import { randomBytes } from 'node:crypto'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** How sessions are isolated from each other. */
export type Isolation = 'process' | 'container' | 'none'

/** A started agent, which may not be ready yet. */
export interface Launched {
  readonly host: string
  readonly port: number
  /** The secret that the agent requires of every request (see `launchSecret` of the protocol), if it has one. */
  readonly secret?: string
  /** The process of the agent, or of the container engine that runs it. */
  readonly pid: Option<number>
  /** The log file of its output. */
  readonly log: Option<string>
  /** Resolves when the agent has exited. */
  readonly exited: Task<Exit>
  /**
   * Stops the agent gracefully, then by force after the given milliseconds. Resolves when its resources are released.
   */
  readonly stop: (grace: number) => Task<void>
  /** Its memory in bytes; none if unknown. */
  readonly memory: Task<Option<number>>
}

/** How an agent exited. */
export interface Exit {
  /** For people: `exited with code 1`. */
  readonly how: string
  /** Whether another process took the port in the meantime, so that a restart may succeed. */
  readonly isPortTaken: boolean
}

/** Why an agent could not be started at all. */
export interface LaunchError {
  readonly _tag: 'LaunchError'
  readonly message: string
  readonly cause?: unknown
}

/** Starts agents. */
export interface Launcher {
  readonly isolation: Isolation
  /** Prepares to start agents and cleans up after earlier runtimes; returns what to log, a line each. */
  readonly open: TaskEither<LaunchError, ReadonlyArray<string>>
  /** Starts the agent of a session. */
  readonly start: (session: string) => TaskEither<LaunchError, Launched>
  /** Releases resources that outlive single sessions. */
  readonly close: Task<void>
  /** Kills synchronously whatever still runs, when this process exits. */
  readonly kill: IO<void>
}

/** What the runtime provides to a launcher. */
export interface Surroundings {
  readonly arn: string
  /** The runtime's own URL; known once it listens. */
  readonly url: IO<string>
  /** The folder of the runtime's files. */
  readonly folder: string
  /** The memory limit of an agent; 0 means no limit. */
  readonly maxMemory: number
}

/** A launcher that still needs the runtime's settings. */
export type LauncherOf = (surroundings: Surroundings) => Launcher

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

export const launchError = (message: string, cause?: unknown): LaunchError => ({
  _tag: 'LaunchError',
  message,
  ...(cause === undefined ? {} : { cause }),
})

/** A random secret for one agent. */
export const newSecret: IO<string> = () => randomBytes(32).toString('base64url')
