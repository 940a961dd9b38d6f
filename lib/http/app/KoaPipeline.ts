/** The Koa side of an app: middleware around the routes, and a uniform format for failures. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/Either'
import type * as Koa from 'koa'
import compose = require('koa-compose')
import { type AgentError, notFound, unauthorized, unexpected } from '../../core/AgentError'
import { uncheckedPath } from '../../node/http/OpenRequests'
import { parse } from '../../core/Payload'
import { hasBody, writeToKoa } from '../response/KoaAnswer'
import { createKoaFailures } from '../response/KoaFailure'
import { handleRequest, type HandleRequest, type Settle } from '../response/KoaServing'
import { parseBody } from '../invocation/RequestBody'
import { isForSocket } from '../websocket/Handshake'
import { requestId, type Incoming, toIncoming } from '../request/Incoming'
import { whenBegun } from '../response/KoaBody'
import { type AgentMiddleware, type ParsedContext, parsedPayload } from '../koa/AppParts'
import { serveOwnRoutes } from '../koa/OwnRoutes'
import { createServeRoutes } from '../koa/RouteRequests'
import type { Routes } from './Routes'
import { toRoute } from '../request/RequestRoute'
import type { Runtime } from '../request/Runtime'
import { toSecrets } from '../request/Secrets'
import type { Granted, Sockets } from '../websocket/SocketRequests'

/** An upgrade request in the middleware. */
export interface Upgrade {
  readonly duplex: Duplex
  /** The granted upgrade, once it has passed. */
  granted?: Granted
  /** Whether it has become a WebSocket, so that no response is possible. */
  isOpen?: boolean
}

/** The Koa side of an app. */
export interface KoaPipeline {
  /** Composes the user's middleware between the agent's own and the routes: the `compose` of the Koa application. */
  readonly compose: (middleware: ReadonlyArray<Koa.Middleware>) => (ctx: Koa.Context, next?: Koa.Next) => Promise<void>
  /** Runs the composed middleware and responds: the `handleRequest` of the Koa application. */
  readonly handleRequest: (koa: Koa) => HandleRequest
  /** The request id, as in the response. */
  readonly requestId: (ctx: Koa.Context) => string
  /** Secrets that log lines about a request must not contain. */
  readonly secrets: (ctx: Koa.Context) => ReadonlyArray<string>
  /** Koa's last resort for errors that middleware throws. */
  readonly onError: (ctx: Koa.Context, thrown: unknown) => void
  /** Upgrade requests that are in the middleware. */
  readonly upgrades: WeakMap<IncomingMessage, Upgrade>
}

const incoming: unique symbol = Symbol('incoming')

/**
 * A Koa context with its request as received. A property, for in a WeakMap of the app a value that refers to its key
 * outlives every collection of young objects: each request was kept until the next full one.
 */
interface Identified extends Koa.Context {
  [incoming]?: Incoming
}

/** What the pipeline needs from the app. */
export interface PipelineParts {
  readonly runtime: Runtime
  readonly routes: Routes
  readonly sockets: Sockets
  /** The middleware of the agent's descriptors. */
  readonly agent: AgentMiddleware
  /** Announces a middleware of the app's own to instrumentation of Koa. */
  readonly announced: (middleware: Koa.Middleware) => Koa.Middleware
}

/** The Koa side of an app. */
export const createKoaPipeline = ({ runtime, routes, sockets, agent, announced }: PipelineParts): KoaPipeline => {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>()

  const incomingFor = (ctx: Identified): Incoming =>
    (ctx[incoming] ??= toIncoming(ctx.req, runtime.settings.newId, () => ctx.request, true))

  const { tell, tellBare, onError } = createKoaFailures({
    failure: (ctx) => runtime.failure(requestId(incomingFor(ctx))),
    logFor: (ctx) =>
      runtime.logs(
        () => ({ requestId: requestId(incomingFor(ctx)) }),
        () => toSecrets(ctx.req.headers, ctx.originalUrl),
      ),
    isSocket: (ctx) => upgrades.get(ctx.req)?.isOpen === true,
  })

  const askForSocket = async (ctx: Koa.Context, upgrade: Upgrade): Promise<void> => {
    if (!isForSocket(ctx.req)) return tell(ctx, notFound())
    const asked = await sockets.ask(incomingFor(ctx), upgrade.duplex)
    if (E.isLeft(asked)) return writeToKoa(ctx, asked.left)
    upgrade.granted = asked.right
    ctx.status = 101
  }

  /** Completes a response of the middleware itself: one without a body, or with a stream that may fail. */
  const settle: Settle = async (ctx) => {
    const isFull = hasBody(ctx)
    if (upgrades.get(ctx.req)?.granted !== undefined && ctx.status === 101 && !isFull) {
      ctx.respond = false
      return false
    }
    if (ctx.respond === false) return true
    if (ctx.status < 200 && !ctx.headerSent) throw new Error(`A middleware set the status ${ctx.status}`)
    if (isFull) await whenBegun(ctx)
    else tellBare(ctx)
    return true
  }

  /** Refuses a request that an authorizer admitted without authentication, and whose path was rewritten since. */
  const refusesRewritten = (ctx: Koa.Context): boolean => {
    const open = uncheckedPath(ctx.req)
    if (open === undefined || open === ctx.path || toRoute(ctx.req.url) === 'ping') return false
    ctx.req.resume()
    tell(ctx, unauthorized('A middleware rewrote the open path on which the request was admitted'))
    return true
  }

  /** Innermost: the agent's own paths. */
  const answerOwn = async (ctx: Koa.Context): Promise<void> => {
    if (refusesRewritten(ctx)) return
    const upgrade = upgrades.get(ctx.req)
    if (upgrade !== undefined) return askForSocket(ctx, upgrade)
    const payload = toPayload(runtime, ctx)
    const parsed = payload instanceof Promise ? await payload : payload
    writeToKoa(ctx, await routes.answer(incomingFor(ctx), ctx.res, parsed))
  }

  /** Innermost: the user's routes, if there are any. */
  const answerOthers = (): ((ctx: Koa.Context) => Promise<void>) => {
    if (agent.innermost.length === 0) return answerOwn
    const serveRoutes = createServeRoutes(runtime, agent.innermost, tell)
    return async (ctx) => {
      if (refusesRewritten(ctx)) return
      await serveRoutes(ctx, incomingFor(ctx))
      if (ctx.respond !== false && !hasBody(ctx)) tellBare(ctx)
    }
  }

  const terminal = announced(serveOwnRoutes(answerOwn, answerOthers()))

  return {
    upgrades,
    requestId: (ctx) => requestId(incomingFor(ctx)),
    secrets: (ctx) => toSecrets(ctx.req.headers, ctx.originalUrl),
    compose: (middleware) => {
      let count = -1
      let run: ReturnType<KoaPipeline['compose']>
      return (ctx, next) => {
        if (count !== middleware.length) {
          count = middleware.length
          run = compose([...agent.around, ...middleware, terminal])
        }
        return run(ctx, next)
      }
    },
    handleRequest: (koa) => handleRequest(koa, settle),
    onError,
  }
}

/** The payload, if a middleware has read the body. */
const toPayload = (
  runtime: Runtime,
  ctx: Koa.Context & ParsedContext,
): E.Either<AgentError, unknown> | Promise<E.Either<AgentError, unknown>> | undefined => {
  if (!ctx.req.readableEnded && !ctx.req.readableDidRead) return undefined
  const { request }: { readonly request: object } = ctx
  const found = ctx[parsedPayload]
  // As the middleware after the body parser has left it.
  if (found !== undefined) return 'body' in request && request.body !== undefined ? E.right(request.body) : found
  if ('rawBody' in request && typeof request.rawBody === 'string') {
    return parse(runtime.settings)(request.rawBody)
  }
  if ('rawBody' in request && request.rawBody instanceof Uint8Array) {
    return parseBody(request.rawBody, ctx.req, runtime)
  }
  return 'body' in request
    ? E.right(request.body)
    : E.left(unexpected(new Error('A middleware read the body but did not set ctx.request.body')))
}
