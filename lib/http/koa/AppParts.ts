/** What `routes` and `bodyParser` get of the app that they are created for. */
import type * as Koa from 'koa'
import type { Middleware, MiddlewareFactory } from '../../core/Agent'
import type { Payload } from '../invocation/RequestBody'
import type { Runtime } from '../request/Runtime'

/** The parts of an app. */
export interface AppParts {
  readonly runtime: Runtime
}

/** The payload of an invocation that a body parser has read, or why it is invalid. */
export const parsedPayload: unique symbol = Symbol('parsedPayload')

/** A context in which a body parser may have left a payload. */
export interface ParsedContext {
  [parsedPayload]?: Payload
}

/** The Koa middleware of an agent. */
export interface AgentMiddleware {
  /** Around all paths, in the order of the pipe. */
  readonly around: ReadonlyArray<Koa.Middleware>
  /** Innermost, for the paths that are not the agent's own. */
  readonly innermost: ReadonlyArray<Koa.Middleware>
}

const isFactory = (middleware: Middleware | MiddlewareFactory): middleware is MiddlewareFactory =>
  typeof middleware === 'object'

/** Creates the middleware of an agent for an app. */
export const createMiddleware = (
  middleware: ReadonlyArray<Middleware | MiddlewareFactory>,
  parts: AppParts,
  announced: (middleware: Koa.Middleware) => Koa.Middleware,
): AgentMiddleware => {
  // Only this layer makes factories and adds middleware, always Koa's; the core knows neither type.
  const create = (factory: MiddlewareFactory): ReadonlyArray<Middleware> =>
    (factory.create as (app: AppParts) => ReadonlyArray<Middleware>)(parts)
  const toKoa = (made: ReadonlyArray<Middleware>): ReadonlyArray<Koa.Middleware> =>
    (made as ReadonlyArray<Koa.Middleware>).map(announced)
  return {
    around: middleware.flatMap((one) => {
      if (!isFactory(one)) return toKoa([one])
      return one.place === 'inPipe' ? toKoa(create(one)) : []
    }),
    innermost: middleware.flatMap((one) => (isFactory(one) && one.place === 'innermost' ? toKoa(create(one)) : [])),
  }
}

/**
 * Passes middleware through `koa.use`, which instrumentation such as OpenTelemetry's patches to wrap it. It is not left
 * there: middleware that the user adds later belongs between that around all paths and the innermost.
 */
export const passThroughUse =
  (koa: Koa) =>
  (middleware: Koa.Middleware): Koa.Middleware => {
    koa.use(middleware)
    return koa.middleware.pop() ?? middleware
  }
