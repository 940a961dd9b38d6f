/** The cell that holds the tasks of an app, and the runners that handlers are given. */
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { TaskEither } from 'fp-ts/TaskEither'
import { type AgentError, cause, deadlineExceeded, fromUnknown, problem } from '../core/AgentError'
import type { Log } from '../core/Log'
import * as Tasks from '../core/Tasks'
import type { Clock } from './Clock'

/** The tasks of an app. */
export interface TaskCell {
  readonly tasks: IO<Tasks.Tasks>
  /** Resolves when everything that was forked until now has settled. */
  readonly whenSettled: () => Promise<unknown>
  /** A runner whose tasks hold what `hold` gives until they end, and log to the given log. */
  readonly runner: (hold: IO<IO<void>>, log: () => Log) => Tasks.TaskRunner
}

const nothing: IO<void> = () => undefined

/** Work against the clock: its own outcome, or a left once the time is over, whichever comes first. It never rejects. */
const within = <A>(
  clock: Clock,
  deadline: number | undefined,
  work: TaskEither<AgentError, A>,
): Promise<E.Either<AgentError, A>> =>
  new Promise((resolve) => {
    const cancel = deadline === undefined ? nothing : clock.after(deadline, () => resolve(E.left(deadlineExceeded)))
    const settle = (result: E.Either<AgentError, A>): void => {
      cancel()
      resolve(result)
    }
    const run = async (): Promise<E.Either<AgentError, A>> => work()
    run().then(settle, (cause: unknown) => settle(E.left(fromUnknown(cause))))
  })

/** No task yet. `onChange` is called after each transition. */
export const createTasks = (clock: Clock, onChange: IO<void>): TaskCell => {
  let tasks = Tasks.empty
  const holds = new Map<Tasks.TaskId, IO<void>>()
  const forked = new Set<Promise<unknown>>()

  const change = (next: (tasks: Tasks.Tasks) => Tasks.Tasks): void => {
    tasks = next(tasks)
    for (const [id, release] of holds) {
      if (tasks.running.has(id)) continue
      holds.delete(id)
      release()
    }
    onChange()
  }

  const begin = (hold: IO<IO<void>>, name: string, settings?: Tasks.Settings): Tasks.TaskId => {
    const id = tasks.nextId
    holds.set(id, hold())
    change(Tasks.begin(name, clock.now(), settings))
    return id
  }

  const end = (id: Tasks.TaskId, outcome: Tasks.Outcome): boolean => {
    const isRunning = tasks.running.has(id)
    change(Tasks.end(id, outcome, clock.now()))
    return isRunning
  }

  const current = (): Tasks.Tasks => {
    const expired = Tasks.expire(clock.now())(tasks)
    if (expired !== tasks) change(() => expired)
    return tasks
  }

  return {
    tasks: current,
    whenSettled: () => Promise.all(forked),
    runner: (hold, log) => {
      const track =
        (name: string, settings: Tasks.Settings = {}) =>
        <A>(work: TaskEither<AgentError, A>, id = begin(hold, name, settings)): TaskEither<AgentError, A> =>
        async () => {
          const result = await within(clock, settings.deadline, work)
          end(
            id,
            E.isLeft(result) ? { _tag: 'Failed', error: result.left } : { _tag: 'Completed', result: result.right },
          )
          return result
        }
      return {
        add: (name, metadata) => () => begin(hold, name, metadata === undefined ? {} : { metadata }),
        complete: (id, result) => () => end(id, { _tag: 'Completed', result }),
        fail: (id, error) => () => end(id, { _tag: 'Failed', error }),
        list: () => Tasks.toArray(current()),
        track: (name, settings) => (work) => () => track(name, settings)(work)(),
        fork: (name, settings) => (work) => () => {
          const id = begin(hold, name, settings)
          const outcome = track(name, settings)(work, id)().then((result) => {
            if (E.isLeft(result)) logFailure(log(), name, id, result.left)
            return result
          })
          forked.add(outcome)
          void outcome.then(() => forked.delete(outcome))
          return { id, outcome: () => outcome }
        },
      }
    },
  }
}

const logFailure = (log: Log, name: string, taskId: Tasks.TaskId, error: AgentError): void =>
  log.error('Background task failed', {
    task: name,
    taskId,
    code: problem(error).code,
    error: cause(error),
  })()
