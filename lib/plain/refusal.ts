/** `rejected`: a deliberate rejection, to be thrown. */
import { rejected as toAgentError } from '../core/AgentError'
import { toThrown } from '../core/EitherThrow'

/**
 * An error that rejects a request with the given status, message and details, which are sent to the caller. A `status` that
 * is not valid for a response with a body is sent as 500. Throw it in any plain function.
 *
 * @example
 * ```ts
 * import { entrypoint, rejected } from 'agentcore-fp/plain'
 *
 * export const agent = entrypoint(() => {
 *   throw rejected(409, 'Sold out', { item: 'tea' })
 * })
 * ```
 */
export const rejected = (status: number, message: string, details?: unknown): Error => {
  const error = toThrown(toAgentError(status, message, details)) as Error // as is all but what is unexpected
  Error.captureStackTrace(error, rejected)
  return error
}
