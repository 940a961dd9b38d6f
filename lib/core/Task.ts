/**
 * One background task as a value: what it is called, how it goes, and what came of it.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'
import type { AgentError } from './AgentError'
import { type Problem, problem } from './Problem'

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
  /** What its work has last reported. */
  readonly progress: O.Option<unknown>
  readonly startedAt: number
  readonly endedAt: O.Option<number>
  /** The time after which the task no longer keeps the agent busy. */
  readonly deadline: O.Option<number>
}

/** Options of a task. */
export interface Settings {
  readonly metadata?: Metadata
  /** Milliseconds after which the task fails with `DEADLINE_EXCEEDED` and no longer keeps the agent busy. */
  readonly deadline?: number
}

/**
 * A task as clients may see it: plain JSON, in which whatever is absent is left out. A failure is its code and message,
 * as in the response to a request, never what was thrown. Times are in milliseconds since the epoch.
 */
export interface View {
  readonly id: TaskId
  readonly name: string
  readonly status: 'running' | 'completed' | 'failed'
  readonly metadata: Metadata
  readonly progress?: unknown
  readonly result?: unknown
  readonly error?: Pick<Problem, 'code' | 'message' | 'details'>
  readonly startedAt: number
  readonly endedAt?: number
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

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
  progress: O.none,
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
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const task = pipe(Tasks.create(1, 'import', 0), Tasks.ended({ _tag: 'Completed', result: 42 }, 5000))
 * ```
 */
export const ended =
  (outcome: Outcome, now: number) =>
  (task: Task): Task => ({ ...task, outcome, endedAt: O.some(now) })

/**
 * Records what the work of a task reports.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const task = pipe(Tasks.create(1, 'import', 0), Tasks.reported({ done: 3, of: 10 }))
 * ```
 */
export const reported =
  (progress: unknown) =>
  (task: Task): Task => ({ ...task, progress: O.some(progress) })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Milliseconds from the start of a task to its end, or to `now` while it is running.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 * import { pipe } from 'agentcore-fp/fp'
 *
 * export const ms = pipe(Tasks.create(1, 'import', 0), Tasks.duration(5000)) // 5000
 * ```
 */
export const duration =
  (now: number) =>
  (task: Task): number =>
    (O.isSome(task.endedAt) ? task.endedAt.value : now) - task.startedAt

/**
 * The view of a task that is fit for clients.
 *
 * @example
 * ```ts
 * import { Tasks } from 'agentcore-fp'
 *
 * export const view = Tasks.toView(Tasks.create(1, 'import', 0)) // { id: 1, name: 'import', status: 'running', … }
 * ```
 */
export const toView = ({ id, name, metadata, outcome, progress, startedAt, endedAt }: Task): View => ({
  id,
  name,
  ...toStatus(outcome),
  metadata,
  ...(O.isSome(progress) ? { progress: progress.value } : {}),
  startedAt,
  ...(O.isSome(endedAt) ? { endedAt: endedAt.value } : {}),
})

const toStatus = (outcome: Outcome): Pick<View, 'status' | 'result' | 'error'> => {
  switch (outcome._tag) {
    case 'Running':
      return { status: 'running' }
    case 'Completed':
      return outcome.result === undefined ? { status: 'completed' } : { status: 'completed', result: outcome.result }
    case 'Failed': {
      const { code, message, details } = problem(outcome.error)
      return { status: 'failed', error: details === undefined ? { code, message } : { code, message, details } }
    }
  }
}
