/** `use`: an existing Koa middleware, unchanged, as part of an agent. */
import type * as Koa from 'koa'
import { type Agent, use as useAny } from '../../core/Agent'
import type { Codec } from '../../core/Codec'

/**
 * Puts a Koa middleware around the handlers, in the order of the pipe; before an upgrade it runs too, and what it
 * refuses becomes no socket. With a codec (io-ts or any Standard Schema), what it left in `ctx.state` becomes typed
 * state of the context, checked at run time: 500 `INVALID_STATE` where it does not fit.
 *
 * @example
 * ```ts
 * import { type Context, createApp, entrypoint, use } from 'agentcore-fp'
 * import { pipe, t, TE } from 'agentcore-fp/fp'
 *
 * const Tenant = t.type({ tenant: t.string })
 *
 * export const app = createApp(
 *   pipe(
 *     use((ctx, next) => {
 *       ctx.state['tenant'] = ctx.hostname.split('.')[0]
 *       return next()
 *     }, Tenant),
 *     entrypoint((_, { state }: Context.Context<t.TypeOf<typeof Tenant>>) => TE.right(state.tenant)),
 *   ),
 * )
 * ```
 */
export const use: {
  (middleware: Koa.Middleware): Agent
  <P extends object>(middleware: Koa.Middleware, codec: Codec<P>): Agent<{}, {}, P>
} = useAny
