/** `createApp` for the plain dialect: its tasks and controls act when they are called. */
import * as O from 'fp-ts/Option'
import type { Agent } from '../core/Agent'
import { type PlainContext, toPlain } from '../core/PlainContext'
import { type PlainTasks, toPlainTasks } from '../core/PlainTasks'
import { type App, createApp as createFunctional } from '../http/app/App'
import type { Options } from '../http/state/Options'

/** A Koa application with what an agent needs: `use`, `callback` and `listen` are Koa's; `listen` also serves `/ws`. */
export interface PlainApp extends Omit<App, 'tasks' | 'cancel' | 'current'> {
  /** The app's background tasks, as in `context.tasks`. */
  readonly tasks: PlainTasks
  /** Cancels the invocations of a session that are in flight, as `context.session.cancel` does; returns how many. */
  readonly cancel: (sessionId: string) => number
  /**
   * The context of the current request, for code that it cannot be passed to; `undefined` outside of a request. Requires
   * the option `asyncLocalStorage: true`.
   */
  readonly current: () => PlainContext | undefined
}

/**
 * Creates the application of an agent. Does not compile while a handler asks for state that nothing provides: the error
 * names the missing key.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint } from 'agentcore-fp/plain'
 *
 * export const app = createApp(
 *   entrypoint(async (payload) => ({ got: payload })),
 *   { deadline: 60_000 },
 * )
 * ```
 */
export const createApp = <Needs extends object, Has extends Needs>(
  agent: Agent<Needs, {}, Has>,
  options: Options = {},
): PlainApp => {
  const app = createFunctional<Needs, Has>(agent, options)
  const { tasks, cancel, current } = app
  return Object.assign(app, {
    tasks: toPlainTasks(tasks, () => undefined),
    cancel: (sessionId: string) => cancel(sessionId)(),
    current: () => {
      const context = current()
      return O.isSome(context) ? toPlain(context.value) : undefined
    },
  }) as Omit<App, 'tasks' | 'cancel' | 'current'> as PlainApp // the three were replaced
}
