/** What lets the unmodified clients of AWS call an agent: their paths, mapped to those of the agent. */
import { pipe } from 'fp-ts/function'
import { type Agent, use } from '../../lib'
import { type Caller, sigv4Authorizer, type Sigv4Options } from '../../lib/auth'
import { tellsCaller } from './guarded'
import { credentials, temporary } from './signing'

/** Maps `/runtimes/{arn}/invocations` and `/runtimes/{arn}/ws`; what was sent stays in `ctx.originalUrl`. */
export const runtimes = use((ctx, next) => {
  ctx.path = ctx.path.replace(/^\/runtimes\/[^/]+(?=\/(invocations|ws)$)/, '')
  return next()
})

/** An agent behind the paths of the service, whose callers sign. */
export const withSigv4 = (
  options?: Sigv4Options,
): Agent.Agent<{ readonly caller: Caller }, {}, { readonly caller: Caller }> =>
  pipe(runtimes, sigv4Authorizer({ credentials: [credentials, temporary], region: 'us-west-2' }, options), tellsCaller)
