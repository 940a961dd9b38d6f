/**
 * Two ways to serve a request: through Koa if there is middleware, else directly from the routes. An empty Koa pipeline
 * would cost more than half of the throughput of a bare Node server.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IO } from 'fp-ts/IO'
import type * as Koa from 'koa'
import { fromUnknown } from '../../core/AgentError'
import { requestId, toIncoming } from '../request/Incoming'
import type { Runtime } from '../request/Runtime'
import { writeTo } from '../response/WireResponse'
import type { Routes } from './Routes'

/** Serves a request; never rejects. */
export type Serve = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** What the lanes need from the app. */
export interface LaneParts {
  readonly runtime: Runtime
  readonly routes: Routes
  readonly koa: Koa
  /** Koa's own callback, which composes the middleware present at that time. */
  readonly koaCallback: IO<Serve>
  readonly hasMiddleware: IO<boolean>
}

/** Serves each request on its lane. */
export const createLanes = (parts: LaneParts): Serve => {
  const { runtime, routes, koaCallback, hasMiddleware } = parts
  const [throughKoa, direct] = [koaCallback(), directLane(parts)]
  return (req, res) => {
    if (hasMiddleware()) {
      if (runtime.isStopping()) res.shouldKeepAlive = false
      return throughKoa(req, res)
    }
    const ping = routes.ping(req)
    return ping === undefined ? direct(req, res) : Promise.resolve(writeTo(res, ping))
  }
}

const directLane =
  ({ runtime, routes, koa }: LaneParts): Serve =>
  (req, res) => {
    const incoming = toIncoming(req, runtime.settings.newId, () => koa.createContext(req, res).request, false)
    const answer = async (): Promise<void> => {
      const given = await routes.answer(incoming, res)
      if (runtime.isStopping()) res.shouldKeepAlive = false
      writeTo(res, given)
    }
    return answer().catch((thrown: unknown) => {
      const id = requestId(incoming)
      runtime.logs(() => ({ requestId: id })).error('A request could not be answered', { error: thrown })()
      if (res.headersSent) res.destroy()
      else writeTo(res, runtime.failure(id)(fromUnknown(thrown)))
    })
  }
