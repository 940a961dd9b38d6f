/**
 * Serves a request of a Koa app in place of Koa's own `handleRequest`, for speed: content that is held encoded is sent
 * as it is, and the loss of a connection is seen by one listener of the response, where Koa's `on-finished` has five.
 * Any other response is left to Koa's own code.
 */
import type * as Koa from 'koa'
import { sendHeld } from './KoaAnswer'

/** The composed middleware of an app. */
export type Composed = (ctx: Koa.Context) => Promise<void>

/** Completes a response of the middleware. Whether it is left to Koa: one that has become a WebSocket is not. */
export type Settle = (ctx: Koa.Context) => Promise<boolean>

/** Serves a request; never rejects. A method of the Koa application. */
export type HandleRequest = (ctx: Koa.Context, run: Composed) => Promise<void>

/** `handleRequest` of an app. `settle` completes what the middleware has left, before Koa responds. */
export const handleRequest = (koa: Koa, settle: Settle): HandleRequest => {
  const respond = koaRespond(koa)
  return async (ctx, run) => {
    const { res } = ctx
    const onClose = (): void => announceLoss(ctx)
    let isLeft = true
    res.statusCode = 404
    res.on('error', ignore) // a write after the end must not crash the process
    res.on('close', onClose)
    try {
      await run(ctx)
      if (sendHeld(ctx)) return
      isLeft = await settle(ctx)
    } catch (thrown) {
      return ctx.onerror(asError(thrown))
    }
    res.off('close', onClose)
    // An open WebSocket would keep the listeners of Koa's own code, 1.5 KB each.
    return isLeft ? respond(ctx) : undefined
  }
}

const ignore = (): void => undefined

/** Whatever was thrown, as the types of Koa want it. */
const asError = (thrown: unknown): Error => thrown as Error

/** Passes on the error that has cut a connection before its response was sent, as Koa does. */
const announceLoss = (ctx: Koa.Context): void => {
  const { errored } = ctx.req.socket
  if (errored !== null && !ctx.res.writableFinished) ctx.onerror(errored)
}

/** Koa's own response to what the middleware has left: its `handleRequest` around no middleware at all. */
const koaRespond = (koa: Koa): Composed => {
  // A method of Koa's prototype that its types lack.
  const { handleRequest: own } = koa as Koa & { readonly handleRequest: HandleRequest }
  return (ctx) => {
    const { statusCode } = ctx.res
    return own.call(koa, ctx, () => {
      ctx.res.statusCode = statusCode // which it has just reset
      return Promise.resolve()
    })
  }
}
