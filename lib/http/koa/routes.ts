/** `routes`: further routes beside the agent's own, by @koa/router. */
import type { Router } from '@koa/router'
import type * as Koa from 'koa'
import { type Agent, type Middleware, use } from '../../core/Agent'
import { loadKoaRouter } from './KoaRouter'
import { checkCollisions, type RouteLayer } from './RouteCollisions'

/** What the handlers of routes find in `ctx` besides what Koa and the router set: a body, if a body parser has run. */
export interface RouteContext extends Koa.DefaultContext {
  readonly request: Koa.Request & { readonly body?: unknown; readonly rawBody?: unknown }
}

/** The router that `routes` creates for an app. */
export type AgentRouter = Router<Koa.DefaultState, RouteContext>

/** A router that exists: one of @koa/router, of any version that has these. */
export interface ReadyRouter {
  readonly stack: ReadonlyArray<RouteLayer>
  readonly routes: () => Middleware
  readonly allowedMethods: () => Middleware
}

/**
 * Adds routes beside the agent's own, by a @koa/router that the function fills, or by a router that exists. Like the
 * agent's handlers they run inside of all middleware, wherever they stand in the pipe; `provide` and `wrap` do not
 * apply to them. A wrong method is answered with 405 and an unknown path with 404, as for the agent's own paths.
 *
 * `createApp` throws if a route is one of the agent's own paths: `/invocations`, `/ping` and `/ws`. A pattern such as
 * `/:page` may match them, but never receives them.
 *
 * @example
 * ```ts
 * import { createApp, entrypoint, routes } from 'agentcore-fp'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * export const app = createApp(
 *   pipe(
 *     routes((router) =>
 *       router.get('task', '/tasks/:id', (ctx) => {
 *         ctx.body = app.tasks.list().find(({ id }) => String(id) === ctx.params['id'])
 *       }),
 *     ),
 *     entrypoint((payload) => TE.right(payload)),
 *   ),
 * )
 * ```
 */
export const routes = (router: ((router: AgentRouter) => unknown) | ReadyRouter): Agent =>
  use({
    place: 'innermost',
    create: () => {
      const made = typeof router === 'function' ? fill(router) : router
      checkCollisions(made.stack)
      return [made.routes(), made.allowedMethods()]
    },
  })

const fill = (define: (router: AgentRouter) => unknown): ReadyRouter => {
  const { Router } = loadKoaRouter()
  const router: AgentRouter = new Router<Koa.DefaultState, RouteContext>()
  define(router)
  return router
}
