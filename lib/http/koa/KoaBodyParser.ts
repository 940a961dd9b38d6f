/** Loads koa-bodyparser when an app has a body parser, so that no other pays for it. */
import type * as Koa from 'koa'

/** Its options as this package types them: its own types would change those of Koa for every user. */
type KoaBodyParser<Options> = (options: Options) => Koa.Middleware

/** koa-bodyparser. Synchronous, since `createApp` is. */
export const loadKoaBodyParser = <Options>(): KoaBodyParser<Options> =>
  require('koa-bodyparser') as KoaBodyParser<Options>
