/** `perSession` for plain functions. */
import * as E from 'fp-ts/Either'
import type { Agent } from '../core/Agent'
import { fromUnknown } from '../core/AgentError'
import { checkFunction, checkPlain, type Plain } from '../core/Dialect'
import { type PlainContext, toPlain } from '../core/PlainContext'
import type { SessionId } from '../core/Session'
import * as Functional from '../http/instances/perSession'

/** How long instances live, and how many there may be. */
export interface PerSessionOptions<A> extends Omit<Functional.PerSessionOptions<A>, 'dispose'> {
  /** Ends one: when it is idle, when another session needs its place, and when the app stops. May be async. */
  readonly dispose?: (instance: A, sessionId: SessionId) => unknown
}

/**
 * Provides what lives with a session, such as a browser or an MCP connection: `make` runs at its first request, and what
 * it returns becomes state of the context at every one. It is never disposed while a request, stream, WebSocket or task
 * of the session is running. Requests of one session may run at the same time, and share it. If the sessions of all
 * instances are in use, the request is rejected with 503 `TOO_MANY_SESSIONS`. What `make` throws rejects the request,
 * and it runs again at the next one.
 *
 * @example
 * ```ts
 * import { type Context, createApp, entrypoint, perSession, pipe } from 'agentcore-fp/plain'
 * import { z } from 'zod'
 *
 * interface Connection {
 *   readonly ask: (prompt: string) => Promise<string>
 *   readonly close: () => Promise<void>
 * }
 *
 * declare const connect: (sessionId: string) => Promise<Connection>
 *
 * const connection = perSession(async ({ sessionId }) => ({ connection: await connect(sessionId) }), {
 *   max: 20,
 *   dispose: ({ connection }) => connection.close(),
 * })
 *
 * export const app = createApp(
 *   pipe(
 *     connection,
 *     entrypoint(z.string(), (prompt, { state }: Context<{ readonly connection: Connection }>) => state.connection.ask(prompt)),
 *   ),
 * )
 * ```
 */
export const perSession = <P extends object, S extends object = {}>(
  make: (context: PlainContext<S>) => (P & Plain<P>) | Promise<P & Plain<P>>,
  { dispose, ...options }: PerSessionOptions<P> = {},
): Agent<{}, S, P> => {
  checkFunction('perSession', make)
  return Functional.perSession<P, S>(
    (context) => async () => {
      try {
        return checkPlain<P>(await make(toPlain(context)))
      } catch (cause) {
        return E.left(fromUnknown(cause))
      }
    },
    {
      ...options,
      ...(dispose === undefined ? {} : { dispose: (instance, id) => async () => dispose(instance, id) }),
    },
  )
}
