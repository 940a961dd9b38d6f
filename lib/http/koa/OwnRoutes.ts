/**
 * The agent's own paths, described the way @koa/router describes routes, for middleware that groups metrics, logs and
 * traces by route: `ctx._matchedRoute` and its kin, and a `router` on the middleware that serves them.
 */
import type * as Koa from 'koa'
import { path } from '../../core/Protocol'
import { type Route, toRoute } from '../request/RequestRoute'

/** A route as instrumentation reads it from a router's stack, whose functions it may replace by wrapped ones. */
interface OwnLayer {
  readonly name: string
  readonly path: string
  readonly methods: ReadonlyArray<string>
  readonly stack: Array<Answer>
}

/** Serves one path. */
export type Answer = (ctx: Koa.Context, next: Koa.Next) => Promise<void>

type OwnLayers = Readonly<Record<Exclude<Route, 'unknown'>, OwnLayer>>

const toLayers = (answer: Answer): OwnLayers => {
  // A function for each route, since instrumentation marks those that it has wrapped.
  const layer = (name: string, path: string, methods: ReadonlyArray<string>): OwnLayer => ({
    name,
    path,
    methods,
    stack: [(ctx, next) => answer(ctx, next)],
  })
  return {
    invocations: layer('invocations', path.invocations, ['POST']),
    ping: layer('ping', path.ping, ['HEAD', 'GET']),
    socket: layer('ws', path.websocket, ['HEAD', 'GET']),
  }
}

const nothing = (): Promise<void> => Promise.resolve()

/**
 * The middleware that serves the agent's own paths with `answer`, and any other path with `others`. It has a `router`,
 * by which instrumentation knows a middleware with routes.
 */
export const serveOwnRoutes = (answer: Answer, others: Answer): Koa.Middleware => {
  const layers = toLayers(answer)
  const dispatch = (ctx: Koa.Context): Promise<void> => {
    const route = toRoute(ctx.req.url)
    return (route === 'unknown' ? others : (layers[route].stack[0] ?? answer))(ctx, nothing)
  }
  return Object.assign(dispatch, { router: { stack: Object.values(layers) } })
}

const known = toLayers(nothing)

const layerOf = (ctx: Koa.Context): OwnLayer | undefined => {
  const route = toRoute(ctx.req.url)
  return route === 'unknown' ? undefined : known[route]
}

/** The properties of `ctx` in which @koa/router leaves the matched route, and what they are for an own path. */
const properties: Readonly<Record<string, (ctx: Koa.Context) => string | undefined>> = {
  _matchedRoute: (ctx) => layerOf(ctx)?.path,
  _matchedRouteName: (ctx) => layerOf(ctx)?.name,
  routerPath: (ctx) => layerOf(ctx)?.path,
  routerName: (ctx) => layerOf(ctx)?.name,
}

/**
 * Defines those properties for an app. They are computed when a middleware reads them, so that requests do not pay for
 * them; a router that sets them hides them, as for any other property.
 */
export const describeOwnRoutes = (context: Koa.BaseContext): void => {
  for (const [name, read] of Object.entries(properties)) {
    Object.defineProperty(context, name, {
      configurable: true,
      get(this: Koa.Context) {
        return read(this)
      },
      set(this: Koa.Context, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
      },
    })
  }
}
