/** An `AgentError` as Koa middleware throws it. */
import type { AgentError } from './AgentError'
import { problem } from './Problem'

/**
 * An error with a status and header fields, as `ctx.throw` makes it for whoever catches it, which is the `AgentError`
 * too, so that an app of this package answers it in its one shape.
 */
export const toThrowable = (error: AgentError): Error => {
  const { status, message, headers = {} } = problem(error)
  return Object.assign(new Error(message), error, { message, status, expose: status < 500, headers })
}
