/** `asyncTask`: a handler whose work keeps the agent busy. */
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown } from './AgentError'
import type { Context } from './Context'
import type { Handler } from './Handler'
import type { Settings } from './Tasks'

/**
 * A handler that is a task: while it runs, `/ping` tells `HealthyBusy`. `f` may be any function that gives a
 * `TaskEither` or a promise; what it throws or rejects with is a left.
 */
export const asyncTask =
  <P, A, S extends object = {}>(
    name: string,
    f: (payload: P, context: Context<S>) => TE.TaskEither<AgentError, A> | Promise<A>,
    settings?: Settings,
  ): Handler<P, A, S> =>
  (payload, context) =>
    context.tasks.track(
      name,
      settings,
    )(
      pipe(
        TE.tryCatch(async () => {
          const started = f(payload, context)
          return typeof started === 'function' ? started() : E.right(await started)
        }, fromUnknown),
        TE.chainEitherK(identity),
      ),
    )
