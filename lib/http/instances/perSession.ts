/** `perSession`: a provider of what must live with a session, such as a browser or an MCP connection. */
import { pipe } from 'fp-ts/function'
import type { Task } from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import { type Agent, provide } from '../../core/Agent'
import { type AgentError, unexpected } from '../../core/AgentError'
import type { Context } from '../../core/Context'
import { checkOptions, func, quantity, type Shape } from '../../core/OptionCheck'
import type { SessionId } from '../../core/Session'
import { scopeOf } from '../request/RequestContext'
import type { Runtime } from '../request/Runtime'
import { createSessionInstances, type SessionInstances } from './SessionInstances'

/** How long instances live, and how many there may be. */
export interface PerSessionOptions<A> {
  /** How many there may be. Default 100. One that no session uses makes room for another. */
  readonly max?: number
  /** After how many milliseconds without a request of its session one is disposed. Default: `idleTimeout` of sessions. */
  readonly idleTimeout?: number
  /** Ends one: when it is idle, when another session needs its place, and when the app stops. */
  readonly dispose?: (instance: A, sessionId: SessionId) => Task<unknown>
}

const shape: Shape<PerSessionOptions<never>> = { max: quantity, idleTimeout: quantity, dispose: func }

/**
 * Provides what lives with a session: `make` runs at its first request, and what it gives becomes state of the context
 * at every one. It is never disposed while a request, stream, WebSocket or task of the session is running. Requests of
 * one session may run at the same time, and share it. Left 503 `TOO_MANY_SESSIONS` if the sessions of all instances are
 * in use, and that of `make`, which runs again at the next request.
 *
 * @example
 * ```ts
 * import { type Context, createApp, entrypoint, perSession } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * interface Counter {
 *   readonly next: () => number
 * }
 *
 * const counter = perSession(() => {
 *   let count = 0
 *   return TE.right({ next: () => (count += 1) })
 * })
 *
 * export const app = createApp(
 *   pipe(
 *     counter,
 *     entrypoint((_, { state }: Context.Context<Counter>) => TE.right(state.next())),
 *   ),
 * )
 * ```
 */
export const perSession = <P extends object, S extends object = {}>(
  make: (context: Context<S>) => TE.TaskEither<AgentError, P>,
  options: PerSessionOptions<P> = {},
): Agent<{}, S, P> => {
  checkOptions('perSession', shape, options)
  const apps = new WeakMap<Runtime, SessionInstances<P>>()

  const instancesOf = (runtime: Runtime): SessionInstances<P> => {
    const known = apps.get(runtime)
    if (known !== undefined) return known
    const created = createInstances(runtime, options)
    apps.set(runtime, created)
    return created
  }

  return provide((context: Context<S>) => {
    const scope = scopeOf(context)
    return scope === undefined
      ? TE.left(unexpected(new Error('perSession works in an app only: its context was not made by one')))
      : pipe(
          TE.rightIO(() => instancesOf(scope.runtime)),
          TE.chain((instances) => () => instances.get(scope.sessionId, () => make(context)())),
        )
  })
}

const createInstances = <A>(runtime: Runtime, options: PerSessionOptions<A>): SessionInstances<A> => {
  const { sessions, settings, logs } = runtime
  const { max = 100, idleTimeout = settings.session.idleTimeout, dispose } = options
  const instances = createSessionInstances<A>({
    max,
    idleTimeout,
    dispose: async (instance, id) => dispose?.(instance, id)(),
    isInUse: sessions.isInUse,
    clock: settings.clock,
    report: (error) => logs().error('The instance of a session could not be disposed', { error })(),
  })
  sessions.onLeft(instances.release)
  runtime.atStop.push(instances.disposeAll)
  return instances
}
