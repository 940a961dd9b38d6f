/**
 * Background tasks as a value: the running ones, and the ended ones with their outcomes. While a task runs, and until
 * its deadline, the agent reports `HealthyBusy`, so that the service keeps the session.
 *
 * @since 0.1.0
 */
import type { Either } from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import type { Task as Await } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, deadlineExceeded } from './AgentError'
import type { Status } from './Health'
import { create, ended, type Metadata, type Outcome, type Settings, type Task, type TaskId } from './Task'

export * from './Task'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** All running tasks, and the latest ended ones. */
export interface Tasks {
  readonly nextId: TaskId
  readonly running: ReadonlyMap<TaskId, Task>
  readonly ended: ReadonlyArray<Task>
}

/** A started background task. `outcome` waits for its end; it is safe to ignore. */
export interface Forked<A> {
  readonly id: TaskId
  readonly outcome: Await<Either<AgentError, A>>
}

/** The work of a task. It may end early when its signal aborts, and report how far it is. */
export type Work<A> = (self: Self) => TaskEither<AgentError, A> | Promise<Either<AgentError, A>>

/** What the work of a task knows of it. */
export interface Self {
  readonly id: TaskId
  /**
   * Aborts when the task is over before its work: its deadline has passed, it was cancelled, or the server has stopped
   * waiting for it.
   */
  readonly signal: AbortSignal
  /** Records progress, any JSON value, which `find`, `list` and `watch` show. */
  readonly report: (progress: unknown) => IO<void>
}

/** The tasks that handlers can use: `context.tasks` and `app.tasks`. */
export interface TaskRunner {
  /**
   * Registers work that the caller itself does; `complete` its id when it is done. Throws `TooManyTasks` while
   * `maxTasks` tasks are running.
   */
  readonly add: (name: string, metadata?: Metadata) => IO<TaskId>
  /** Records the progress of a running task, any JSON value; false if no such task is running. */
  readonly report: (id: TaskId, progress: unknown) => IO<boolean>
  /** Completes an added task; false if no such task is running. */
  readonly complete: (id: TaskId, result?: unknown) => IO<boolean>
  /** Fails a running task, and aborts the signal of its work; false if no such task is running. */
  readonly fail: (id: TaskId, error: AgentError) => IO<boolean>
  /** Fails a running task with `INTERRUPTED`, and aborts the signal of its work; false if no such task is running. */
  readonly cancel: (id: TaskId) => IO<boolean>
  /** The running tasks and the latest ended ones, oldest first. */
  readonly list: IO<ReadonlyArray<Task>>
  /** The task with the given id, running or among the latest ended ones. */
  readonly find: (id: TaskId) => IO<O.Option<Task>>
  /**
   * The states of a task: the current one, then one for each change since the last read, until the task has ended or the
   * signal aborts. Empty if there is no such task.
   */
  readonly watch: (id: TaskId, signal?: AbortSignal) => AsyncIterable<Task>
  /**
   * Keeps the agent busy while the given work runs. Left `TooManyTasks`, without starting it, if `maxTasks` are
   * running.
   */
  readonly track: (name: string, settings?: Settings) => <A>(work: Work<A>) => TaskEither<AgentError, A>
  /**
   * Starts work in the background. It always settles; a failure is logged and recorded. If `maxTasks` tasks are
   * running, it is not started and its outcome is a left `TooManyTasks`.
   */
  readonly fork: (name: string, settings?: Settings) => <A>(work: Work<A>) => IO<Forked<A>>
}

/** How many ended tasks are remembered. */
export const remembered = 100

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** No tasks yet. */
export const empty: Tasks = { nextId: 1, running: new Map(), ended: [] }

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Starts a task. Its id is the previous `nextId`.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const tasks = pipe(Tasks.empty, Tasks.begin('import', Date.now()))
 * ```
 */
export const begin =
  (name: string, now: number, settings: Settings = {}) =>
  (tasks: Tasks): Tasks => {
    const task = create(tasks.nextId, name, now, settings)
    return { ...tasks, nextId: tasks.nextId + 1, running: new Map(tasks.running).set(task.id, task) }
  }

/**
 * Ends a running task. Changes nothing if no such task is running.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const tasks = pipe(
 *   Tasks.empty,
 *   Tasks.begin('import', 0),
 *   Tasks.end(1, { _tag: 'Completed', result: 42 }, 5000),
 * )
 * ```
 */
export const end =
  (id: TaskId, outcome: Outcome, now: number) =>
  (tasks: Tasks): Tasks => {
    const task = tasks.running.get(id)
    if (task === undefined) return tasks
    const running = new Map(tasks.running)
    running.delete(id)
    return { ...tasks, running, ended: [...tasks.ended, ended(outcome, now)(task)].slice(-remembered) }
  }

/**
 * Fails the tasks whose deadline has passed.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const tasks = pipe(Tasks.empty, Tasks.begin('import', 0, { deadline: 1000 }), Tasks.expire(2000))
 * ```
 */
export const expire =
  (now: number) =>
  (tasks: Tasks): Tasks =>
    [...tasks.running.values()]
      .filter(({ deadline }) => O.isSome(deadline) && deadline.value <= now)
      .reduce((rest, { id }) => end(id, { _tag: 'Failed', error: deadlineExceeded }, now)(rest), tasks)

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The health status that follows from the tasks alone.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 *
 * export const idle = Tasks.status(Tasks.empty) // 'Healthy'
 * ```
 */
export const status = (tasks: Tasks): Status => (tasks.running.size > 0 ? 'HealthyBusy' : 'Healthy')

/**
 * All remembered tasks, ended and running, oldest first.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const names = pipe(Tasks.empty, Tasks.begin('import', 0), Tasks.toArray).map(({ name }) => name) // ['import']
 * ```
 */
export const toArray = (tasks: Tasks): ReadonlyArray<Task> => [...tasks.ended, ...tasks.running.values()]
