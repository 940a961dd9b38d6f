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

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A number, unique among the tasks of an app. */
export type TaskId = number

/** Facts about a task for lists and logs. */
export type Metadata = Readonly<Record<string, unknown>>

/** The state of a task. */
export type Outcome =
  | { readonly _tag: 'Running' }
  | { readonly _tag: 'Completed'; readonly result: unknown }
  | { readonly _tag: 'Failed'; readonly error: AgentError }

/** A background task. Times are in milliseconds since the epoch. */
export interface Task {
  readonly id: TaskId
  readonly name: string
  readonly metadata: Metadata
  readonly outcome: Outcome
  readonly startedAt: number
  readonly endedAt: O.Option<number>
  /** The time after which the task no longer keeps the agent busy. */
  readonly deadline: O.Option<number>
}

/** All running tasks, and the latest ended ones. */
export interface Tasks {
  readonly nextId: TaskId
  readonly running: ReadonlyMap<TaskId, Task>
  readonly ended: ReadonlyArray<Task>
}

/** Options of a task. */
export interface Settings {
  readonly metadata?: Metadata
  /** Milliseconds after which the task fails with `DEADLINE_EXCEEDED` and no longer keeps the agent busy. */
  readonly deadline?: number
}

/** A started background task. `outcome` waits for its end; it is safe to ignore. */
export interface Forked<A> {
  readonly id: TaskId
  readonly outcome: Await<Either<AgentError, A>>
}

/** The tasks that handlers can use: `context.tasks` and `app.tasks`. */
export interface TaskRunner {
  /**
   * Registers work that the caller itself does; `complete` its id when it is done. Throws `TooManyTasks` while
   * `maxTasks` tasks are running.
   */
  readonly add: (name: string, metadata?: Metadata) => IO<TaskId>
  /** Completes an added task; false if no such task is running. */
  readonly complete: (id: TaskId, result?: unknown) => IO<boolean>
  /** Fails an added task; false if no such task is running. */
  readonly fail: (id: TaskId, error: AgentError) => IO<boolean>
  /** The running tasks and the latest ended ones, oldest first. */
  readonly list: IO<ReadonlyArray<Task>>
  /**
   * Keeps the agent busy while the given work runs. Left `TooManyTasks`, without starting it, if `maxTasks` are
   * running.
   */
  readonly track: (
    name: string,
    settings?: Settings,
  ) => <A>(work: TaskEither<AgentError, A>) => TaskEither<AgentError, A>
  /**
   * Starts work in the background. It always settles; a failure is logged and recorded. If `maxTasks` tasks are
   * running, it is not started and its outcome is a left `TooManyTasks`.
   */
  readonly fork: (name: string, settings?: Settings) => <A>(work: TaskEither<AgentError, A>) => IO<Forked<A>>
}

/** How many ended tasks are remembered. */
export const remembered = 100

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** No tasks yet. */
export const empty: Tasks = { nextId: 1, running: new Map(), ended: [] }

/**
 * Creates a task that starts now.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 *
 * export const task = Tasks.create(1, 'import', Date.now(), { deadline: 60_000 })
 * ```
 */
export const create = (id: TaskId, name: string, now: number, { metadata, deadline }: Settings = {}): Task => ({
  id,
  name,
  metadata: Object.freeze({ ...metadata }),
  outcome: { _tag: 'Running' },
  startedAt: now,
  endedAt: O.none,
  deadline: deadline === undefined ? O.none : O.some(now + deadline),
})

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Ends a task with an outcome.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 *
 * export const task = pipe(Tasks.create(1, 'import', 0), Tasks.ended({ _tag: 'Completed', result: 42 }, 5000))
 * ```
 */
export const ended =
  (outcome: Outcome, now: number) =>
  (task: Task): Task => ({ ...task, outcome, endedAt: O.some(now) })

/**
 * Starts a task. Its id is the previous `nextId`.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
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
 * import { pipe } from 'fp-ts/function'
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
 * import { pipe } from 'fp-ts/function'
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
 * import { pipe } from 'fp-ts/function'
 *
 * export const names = pipe(Tasks.empty, Tasks.begin('import', 0), Tasks.toArray).map(({ name }) => name) // ['import']
 * ```
 */
export const toArray = (tasks: Tasks): ReadonlyArray<Task> => [...tasks.ended, ...tasks.running.values()]

/**
 * Milliseconds from the start of a task to its end, or to `now` while it is running.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'fp-ts/function'
 *
 * export const ms = pipe(Tasks.create(1, 'import', 0), Tasks.duration(5000)) // 5000
 * ```
 */
export const duration =
  (now: number) =>
  (task: Task): number =>
    (O.isSome(task.endedAt) ? task.endedAt.value : now) - task.startedAt
