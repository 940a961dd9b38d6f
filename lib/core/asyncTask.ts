/** `asyncTask`: a handler whose work keeps the agent busy. */
import * as E from 'fp-ts/Either'
import { identity, pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type AgentError, fromUnknown } from './AgentError'
import type { Context } from './Context'
import type { Handler } from './Handler'
import type { Settings } from './Tasks'

/**
 * Lifts a function to a handler that counts as a background task: while it runs, `/ping` responds with `HealthyBusy`. The
 * function returns a `TaskEither` or a promise; whatever it throws or rejects with becomes a left.
 *
 * @example
 * ```ts
 * import { asyncTask, entrypoint } from 'agentcore-fp'
 *
 * export const agent = entrypoint(asyncTask('import', async (payload: unknown) => ({ imported: payload })))
 * ```
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
