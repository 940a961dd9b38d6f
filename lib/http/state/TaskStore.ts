/** The background tasks of an app, and the runners that handlers receive. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import {
  type AgentError,
  checked,
  deadlineExceeded,
  fromUnknown,
  interrupted,
  stopping,
  tooManyTasks,
} from '../../core/AgentError'
import { cause, problem } from '../../core/Problem'
import type { Log } from '../../core/Log'
import * as Tasks from '../../core/Tasks'
import type { Clock } from '../../node/Clock'

/** The tasks of an app. */
export interface TaskCell {
  /** The number of running tasks. */
  readonly running: IO<number>
  /** The running tasks and the latest ended ones, oldest first. */
  readonly list: IO<ReadonlyArray<Tasks.Task>>
  /** Resolves when every task forked so far has settled. */
  readonly whenSettled: () => Promise<unknown>
  /** Aborts the signals of all running tasks: the server no longer waits for them. */
  readonly abort: IO<void>
  /** A runner for one request: `hold` keeps its session in use until each task ends, `log` is its log. */
  readonly runner: (hold: IO<IO<void>>, log: () => Log) => Tasks.TaskRunner
}

/** What the tasks of an app depend on. */
export interface TaskSettings {
  readonly clock: Clock
  /** The maximum number of running tasks. */
  readonly maxTasks: number
}

/** A running task, the release of what it holds, and the signal of its work, if that asks for one. */
interface Running {
  task: Tasks.Task
  readonly release: IO<void>
  aborting: AbortController | undefined
}

const nothing: IO<void> = () => undefined

const unknownTask: AbortSignal = AbortSignal.abort(interrupted)

const toOutcome = (result: E.Either<AgentError, unknown>): Tasks.Outcome =>
  E.isLeft(result) ? { _tag: 'Failed', error: result.left } : { _tag: 'Completed', result: result.right }

/** No tasks yet. `onChange` is called after each transition. */
export const createTasks = (settings: TaskSettings, onChange: IO<void>): TaskCell => {
  const table = createTable(settings, onChange)
  const forked = new Set<Promise<unknown>>()
  const shared = createSharedRunner(table)
  return {
    running: () => table.running.size,
    list: table.list,
    whenSettled: () => Promise.all(forked),
    abort: () => table.running.forEach(({ aborting }) => aborting?.abort(stopping)),
    runner: (hold, log) => createRunner({ table, shared, forked, hold, log }),
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// the table of tasks
// ---------------------------------------------------------------------------------------------------------------------

type Table = ReturnType<typeof createTable>

/**
 * The transitions of tasks: those of `Tasks.begin` and `Tasks.end`, but in place, so that their cost does not grow with
 * the number of running tasks.
 */
const createTable = ({ clock, maxTasks }: TaskSettings, onChange: IO<void>) => {
  const running = new Map<Tasks.TaskId, Running>()
  const ended: Array<Tasks.Task> = []
  const watchers = createWatchers()
  let nextId = Tasks.empty.nextId

  const remember = (task: Tasks.Task): void => {
    if (ended.push(task) > Tasks.remembered) ended.shift()
  }

  const toTask = (name: string, settings?: Tasks.Settings): Tasks.Task => {
    const task = Tasks.create(nextId, name, clock.now(), settings)
    nextId += 1
    return task
  }

  const begin = (hold: IO<IO<void>>, name: string, settings?: Tasks.Settings): E.Either<AgentError, Tasks.TaskId> => {
    if (running.size >= maxTasks) return E.left(tooManyTasks(maxTasks))
    const task = toTask(name, settings)
    running.set(task.id, { task, release: hold(), aborting: undefined })
    onChange()
    return E.right(task.id)
  }

  const end = (id: Tasks.TaskId, outcome: Tasks.Outcome): boolean => {
    const found = running.get(id)
    if (found === undefined) return false
    running.delete(id)
    remember(Tasks.ended(outcome, clock.now())(found.task))
    if (outcome._tag === 'Failed') found.aborting?.abort(outcome.error)
    found.release()
    onChange()
    watchers.notify(id)
    return true
  }

  const report = (id: Tasks.TaskId, progress: unknown): boolean => {
    const found = running.get(id)
    if (found === undefined) return false
    found.task = Tasks.reported(progress)(found.task)
    watchers.notify(id)
    return true
  }

  const find = (id: Tasks.TaskId): Tasks.Task | undefined =>
    running.get(id)?.task ?? ended.find((task) => task.id === id)

  const list = (): ReadonlyArray<Tasks.Task> => [...ended, ...[...running.values()].map(({ task }) => task)]

  /** Records a task that could not start as failed, with an id like any other. */
  const refuse = (name: string, error: AgentError, settings?: Tasks.Settings): Tasks.TaskId => {
    const task = toTask(name, settings)
    remember(Tasks.ended({ _tag: 'Failed', error }, task.startedAt)(task))
    return task.id
  }

  return { clock, running, begin, end, report, find, list, refuse, watch: watchers.watch }
}

// ---------------------------------------------------------------------------------------------------------------------
// runners
// ---------------------------------------------------------------------------------------------------------------------

/** What a runner does with the tasks of any request, made once. */
const createSharedRunner = ({
  end,
  report,
  find,
  list,
  watch,
}: Table): Pick<Tasks.TaskRunner, 'report' | 'complete' | 'fail' | 'cancel' | 'list' | 'find' | 'watch'> => ({
  report: (id, progress) => () => report(id, progress),
  complete: (id, result) => () => end(id, { _tag: 'Completed', result }),
  fail: (id, error) => () => end(id, { _tag: 'Failed', error }),
  cancel: (id) => () => end(id, { _tag: 'Failed', error: interrupted }),
  list,
  find: (id) => () => O.fromNullable(find(id)),
  watch: (id, signal) => watch(() => find(id), id, signal),
})

/** What the runner of a request depends on. */
interface RunnerParts {
  readonly table: Table
  readonly shared: ReturnType<typeof createSharedRunner>
  /** The outcomes of forked tasks that have not settled. */
  readonly forked: Set<Promise<unknown>>
  readonly hold: IO<IO<void>>
  readonly log: () => Log
}

// Written out: every request has one, and to freeze an object that a spread has made takes 7 µs, a third of a small request.

const createRunner = ({ table, shared, forked, hold, log }: RunnerParts): Tasks.TaskRunner => ({
  report: shared.report,
  complete: shared.complete,
  fail: shared.fail,
  cancel: shared.cancel,
  list: shared.list,
  find: shared.find,
  watch: shared.watch,
  add: (name, metadata) => () => {
    const begun = table.begin(hold, name, metadata === undefined ? {} : { metadata })
    if (E.isLeft(begun)) throw begun.left
    return begun.right
  },
  track:
    (name, settings = {}) =>
    (work) =>
    () => {
      const begun = table.begin(hold, name, settings)
      return E.isLeft(begun) ? Promise.resolve(begun) : carryOut(table, begun.right, settings.deadline, work)
    },
  fork:
    (name, settings = {}) =>
    (work) =>
    () => {
      const begun = table.begin(hold, name, settings)
      if (E.isLeft(begun)) {
        const id = table.refuse(name, begun.left, settings)
        logFailure(log(), name, id, begun.left)
        return { id, outcome: () => Promise.resolve(begun) }
      }
      const id = begun.right
      const outcome = carryOut(table, id, settings.deadline, work).then((result) => {
        if (E.isLeft(result)) logFailure(log(), name, id, result.left)
        return result
      })
      forked.add(outcome)
      void outcome.then(() => forked.delete(outcome))
      return { id, outcome: () => outcome }
    },
})

/** Runs the work of a task with its deadline, and ends the task with the outcome. Never rejects. */
const carryOut = <A>(
  table: Table,
  id: Tasks.TaskId,
  deadline: number | undefined,
  work: Tasks.Work<A>,
): Promise<E.Either<AgentError, A>> =>
  new Promise((resolve) => {
    const settle = (result: E.Either<AgentError, A>): void => {
      cancel()
      table.end(id, toOutcome(result))
      resolve(result)
    }
    const cancel =
      deadline === undefined ? nothing : table.clock.after(deadline, () => settle(E.left(deadlineExceeded)))
    const run = async (): Promise<unknown> => {
      const given = work(toSelf(table, id))
      return typeof given === 'function' ? given() : given
    }
    run().then(
      (result) => settle(checked<A>(result)),
      (thrown: unknown) => settle(E.left(fromUnknown(thrown))),
    )
  })

/** What the work of a task knows of it. The signal is created on demand. */
const toSelf = ({ running, report }: Table, id: Tasks.TaskId): Tasks.Self => ({
  id,
  get signal() {
    const found = running.get(id)
    return found === undefined ? unknownTask : (found.aborting ??= new AbortController()).signal
  },
  report: (progress) => () => void report(id, progress),
})

/** Those who wait for the next change of a task. */
interface Watchers {
  readonly notify: (id: Tasks.TaskId) => void
  readonly watch: (
    find: IO<Tasks.Task | undefined>,
    id: Tasks.TaskId,
    signal: AbortSignal | undefined,
  ) => AsyncIterable<Tasks.Task>
}

const createWatchers = (): Watchers => {
  const waiting = new Map<Tasks.TaskId, Set<IO<void>>>()

  const wait = (id: Tasks.TaskId, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const those = waiting.get(id) ?? new Set()
      waiting.set(id, those)
      const wake = (): void => {
        those.delete(wake)
        if (those.size === 0 && waiting.get(id) === those) waiting.delete(id)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      those.add(wake)
      signal?.addEventListener('abort', wake)
    })

  return {
    notify: (id) => waiting.get(id)?.forEach((wake) => wake()),
    watch: (find, id, signal) => ({
      [Symbol.asyncIterator]: async function* () {
        let last: Tasks.Task | undefined
        while (signal?.aborted !== true) {
          const task = find()
          if (task === undefined) return
          if (task !== last) yield task
          last = task
          if (task.outcome._tag !== 'Running') return
          if (find() === task) await wait(id, signal)
        }
      },
    }),
  }
}

const logFailure = (log: Log, name: string, taskId: Tasks.TaskId, error: AgentError): void =>
  log.error('Background task failed', {
    task: name,
    taskId,
    code: problem(error).code,
    error: cause(error),
  })()
