/**
 * How a session gets an agent of its own: a capability, so that the runtime does not know whether it is a process, a
 * container or one agent for all of them.
 */
import { randomBytes } from 'node:crypto'
import type { IO } from 'fp-ts/IO'
import type { Option } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The ways to keep sessions apart. */
export type Isolation = 'process' | 'container' | 'none'

/** An agent that was started; it may not answer yet. */
export interface Launched {
  readonly host: string
  readonly port: number
  /** What the agent asks every request for, as `launchSecret` of the protocol says; without it, for nothing. */
  readonly secret?: string
  /** The process of the agent, or of the engine that runs it. */
  readonly pid: Option<number>
  /** The file with its output. */
  readonly log: Option<string>
  /** Resolves when the agent is gone. */
  readonly exited: Task<Exit>
  /** Ends it: asked at first, forced after the given milliseconds. Resolves when it and all that it used are gone. */
  readonly stop: (grace: number) => Task<void>
  /** Bytes of memory that it has; none where that cannot be told. */
  readonly memory: Task<Option<number>>
}

/** How an agent ended. */
export interface Exit {
  /** For people: `exited with code 1`. */
  readonly how: string
  /** The port was taken by someone else meanwhile: it may be started again. */
  readonly isPortTaken: boolean
}

/** Why an agent could not even be started. */
export interface LaunchError {
  readonly _tag: 'LaunchError'
  readonly message: string
  readonly cause?: unknown
}

/** Starts agents. */
export interface Launcher {
  readonly isolation: Isolation
  /** Makes ready to start agents, and ends what an earlier runtime has left behind; says so, a line each. */
  readonly open: TaskEither<LaunchError, ReadonlyArray<string>>
  /** Starts the agent of a session. */
  readonly start: (session: string) => TaskEither<LaunchError, Launched>
  /** Ends what outlives single sessions. */
  readonly close: Task<void>
  /** Ends at once what still runs, when this process itself ends. */
  readonly kill: IO<void>
}

/** What a launcher is told by the runtime that it starts agents for. */
export interface Surroundings {
  readonly arn: string
  /** Where the runtime is reached; known when it listens. */
  readonly url: IO<string>
  /** The folder that the runtime keeps its files in. */
  readonly folder: string
  /** The most memory that an agent may have; 0 is without limit. */
  readonly maxMemory: number
}

/** A launcher that waits to be told. */
export type LauncherOf = (surroundings: Surroundings) => Launcher

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

export const launchError = (message: string, cause?: unknown): LaunchError => ({
  _tag: 'LaunchError',
  message,
  ...(cause === undefined ? {} : { cause }),
})

/** A secret for one agent. */
export const newSecret: IO<string> = () => randomBytes(32).toString('base64url')
