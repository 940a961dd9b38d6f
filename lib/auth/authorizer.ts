/** What both authorizers share as Koa middleware: open paths, rejections, and passing the caller to the agent. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as Koa from 'koa'
import { type Agent, provide, use } from '../core/Agent'
import { type AgentError, unauthorized } from '../core/AgentError'
import type { Context } from '../core/Context'
import { path } from '../core/Protocol'
import { toThrowable } from '../core/Throwable'

/** The time, in milliseconds since the epoch. */
export interface Clock {
  readonly now: () => number
}

/** The time of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Whether a path is left open: `/ping`, and those that the options name. The handlers of an agent are never. */
export const isOpen =
  (open: ReadonlyArray<string>) =>
  (where: string): boolean =>
    where === path.ping || (where !== path.invocations && where !== path.websocket && open.includes(where))

/** Refuses a request, whose body nobody will read. */
export const refuse = (ctx: Koa.Context, error: AgentError): never => {
  ctx.req.resume()
  throw toThrowable(error)
}

/** Values that an authorizer has made. What another middleware puts in their place is none. */
export interface Verified<A extends object> {
  readonly add: (value: A) => A
  readonly is: (value: unknown) => value is A
}

/** Nothing is verified yet. */
export const createVerified = <A extends object>(): Verified<A> => {
  const made = new WeakSet()
  return {
    add: (value) => {
      made.add(value)
      return value
    },
    is: (value): value is A => typeof value === 'object' && value !== null && made.has(value),
  }
}

/**
 * A middleware and what it hands over in `ctx.state`, as typed state. A request that has come past it is refused. What
 * there is to say of the configuration is said once, to the log.
 */
export const authorizer = <P extends object>(
  middleware: Koa.Middleware,
  read: (state: Readonly<Record<string, unknown>>) => P | undefined,
  warnings: ReadonlyArray<string>,
): Agent<{}, {}, P> => {
  let isWarned = false
  const warn = ({ log }: Context): void => {
    if (!isWarned) for (const warning of warnings) log.warn(warning)()
    isWarned = true
  }
  return pipe(
    use(middleware),
    provide<P>((context) => async () => {
      warn(context)
      return pipe(
        read(context.request.ctx.state),
        E.fromNullable(unauthorized('The request did not pass through the authorizer')),
      )
    }),
  )
}
