/** Background tasks for plain functions: started when called, shown as views that are fit for clients. */
import type { IO } from 'fp-ts/IO'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { type AgentError, fromUnknown } from './AgentError'
import { checkPlain } from './Dialect'
import { orThrow } from './EitherThrow'
import { type Metadata, type Settings, type TaskId, type TaskRunner, toView, type View, type Work } from './Tasks'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The work of a task. The signal aborts when the task is over before its work: its deadline has passed, it was cancelled,
 * or the server has stopped waiting for it. `progress` records how far it is: any JSON value.
 */
export type PlainWork<A> = (signal: AbortSignal, progress: (value: unknown) => void) => A | Promise<A>

/** A started background task. `done` is a promise of what its work gives; it is safe to ignore. */
export interface PlainForked<A> {
  readonly id: TaskId
  readonly done: Promise<A>
}

/** The tasks of an app: `context.tasks` and `app.tasks`. */
export interface PlainTasks {
  /**
   * Starts work in the background and returns at once. A failure is logged and recorded, and affects nothing else. If
   * `maxTasks` tasks are running, it is not started and `done` rejects with `TooManyTasks`.
   */
  readonly fork: <A>(name: string, work: PlainWork<A>, settings?: Settings) => PlainForked<A>
  /** Keeps the agent busy while the given work runs, and gives what it gives. */
  readonly track: <A>(name: string, work: PlainWork<A>, settings?: Settings) => Promise<A>
  /** A task, running or among the latest 100 ended ones. */
  readonly get: (id: TaskId) => View | undefined
  /** The running tasks and the latest ended ones, oldest first. */
  readonly list: () => ReadonlyArray<View>
  /**
   * The states of a task: the current one, then one for each change since the last read, until the task or the request
   * has ended. Empty if there is no such task.
   */
  readonly watch: (id: TaskId) => AsyncIterable<View>
  /** Fails a running task with `INTERRUPTED`, and aborts the signal of its work; false if no such task is running. */
  readonly cancel: (id: TaskId) => boolean
  /**
   * Registers work that the caller itself does; `complete` its id when it is done. Throws `TooManyTasks` while
   * `maxTasks` tasks are running.
   */
  readonly add: (name: string, metadata?: Metadata) => TaskId
  /** Records the progress of a running task, any JSON value; false if no such task is running. */
  readonly report: (id: TaskId, progress: unknown) => boolean
  /** Completes an added task; false if no such task is running. */
  readonly complete: (id: TaskId, result?: unknown) => boolean
  /** Fails an added task with what was thrown; false if no such task is running. */
  readonly fail: (id: TaskId, thrown: unknown) => boolean
}

// ---------------------------------------------------------------------------------------------------------------------
// conversions
// ---------------------------------------------------------------------------------------------------------------------

/** Tasks as plain functions see them. `toSignal` is the signal of the request, which ends what it watches. */
export const toPlainTasks = (tasks: TaskRunner, toSignal: IO<AbortSignal | undefined>): PlainTasks => ({
  fork: (name, work, settings) => {
    const { id, outcome } = tasks.fork(name, settings)(toWork(work))()
    const done = outcome().then(orThrow)
    done.catch(() => undefined) // its failure is logged and recorded; who awaits it gets it as well
    return { id, done }
  },
  track: async (name, work, settings) => orThrow(await tasks.track(name, settings)(toWork(work))()),
  get: (id) => {
    const found = tasks.find(id)()
    return O.isSome(found) ? toView(found.value) : undefined
  },
  list: () => tasks.list().map(toView),
  watch: (id) => ({
    [Symbol.asyncIterator]: async function* () {
      for await (const task of tasks.watch(id, toSignal())) yield toView(task)
    },
  }),
  cancel: (id) => tasks.cancel(id)(),
  add: (name, metadata) => tasks.add(name, metadata)(),
  report: (id, progress) => tasks.report(id, progress)(),
  complete: (id, result) => tasks.complete(id, result)(),
  fail: (id, thrown) => tasks.fail(id, fromUnknown(thrown))(),
})

const toWork =
  <A>(work: PlainWork<A>): Work<A> =>
  async ({ signal, report }): Promise<E.Either<AgentError, A>> => {
    try {
      return checkPlain(await work(signal, (value) => report(value)()))
    } catch (cause) {
      return E.left(fromUnknown(cause))
    }
  }
