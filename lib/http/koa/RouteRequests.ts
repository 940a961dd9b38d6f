/** Requests for the user's routes: in flight, interrupted and logged as invocations are. */
import * as E from 'fp-ts/Either'
import type * as Koa from 'koa'
import compose = require('koa-compose')
import { type AgentError, cancelled, stopping } from '../../core/AgentError'
import { interrupt, onInterrupt } from '../request/InFlight'
import { type Incoming, toSessionId } from '../request/Incoming'
import { toContext } from '../request/RequestContext'
import { begin, elapsed, finish, type RequestScope, toLog } from '../request/RequestScope'
import type { Runtime } from '../request/Runtime'

/** Serves a request by the user's routes. Rejects with what a route throws. */
export type ServeRoutes = (ctx: Koa.Context, incoming: Incoming) => Promise<void>

/** Sets the response for a failure. */
export type Tell = (ctx: Koa.Context, error: AgentError) => void

const nothing = (): Promise<void> => Promise.resolve()

/** Serves requests by the middleware of routers. */
export const createServeRoutes = (
  runtime: Runtime,
  routers: ReadonlyArray<Koa.Middleware>,
  tell: Tell,
): ServeRoutes => {
  const dispatch = compose([...routers])
  // Whatever the policy says of invocations, a route need not belong to a session.
  const session = { ...runtime.settings.session, policy: 'generate' } as const
  const settings = { ...runtime.settings, session }

  const run = (ctx: Koa.Context, scope: RequestScope): Promise<void> =>
    runtime.settings.asyncLocalStorage === false
      ? dispatch(ctx, nothing)
      : runtime.ambient.run(toContext(scope), () => dispatch(ctx, nothing))

  return async (ctx, incoming) => {
    const sessionId = runtime.isStopping() ? E.left(stopping) : toSessionId(incoming, { settings })
    if (E.isLeft(sessionId)) {
      ctx.req.resume()
      return tell(ctx, sessionId.left)
    }
    const scope = begin(runtime, 'route', sessionId.right, incoming)
    ctx.res.once('close', () => {
      if (!ctx.res.writableFinished) interrupt(scope, cancelled)
      finish(scope)
      logEnd(ctx, scope)
    })
    // A handler may return anything, which Koa ignores.
    const reason = await Promise.race([run(ctx, scope).then(() => undefined), interrupted(ctx, scope)])
    if (reason !== undefined && !ctx.headerSent) tell(ctx, reason)
  }
}

/** Resolves with the reason of an interruption that can still be answered; a response under way is cut off. */
const interrupted = (ctx: Koa.Context, scope: RequestScope): Promise<AgentError> =>
  new Promise((resolve) =>
    onInterrupt(scope, (reason) => {
      if (ctx.headerSent) ctx.res.destroy()
      else resolve(reason)
    }),
  )

/** Logs a request for a route, once its response has ended. */
const logEnd = (ctx: Koa.Context, scope: RequestScope): void => {
  const route: unknown = ctx['_matchedRoute'] // a path or an expression
  if (typeof route !== 'string' && !(route instanceof RegExp)) return
  const fields = { method: ctx.method, route: String(route), status: ctx.status, duration: elapsed(scope) }
  toLog(scope).info(scope.reason === cancelled ? 'The client closed the connection' : 'Request completed', fields)()
}
