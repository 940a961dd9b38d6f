/** Loads @koa/router when an app has routes, so that no other pays for it. */
import type * as koaRouter from '@koa/router'

/** @koa/router. Synchronous, since `createApp` is. */
export const loadKoaRouter = (): typeof koaRouter => require('@koa/router') as typeof koaRouter
