/**
 * Between lefts and throws: plain functions throw what is a left elsewhere.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import type { AgentError } from './AgentError'
import { problem } from './Problem'

/** The right of a result; its left is thrown. */
export const orThrow = <A>(result: E.Either<AgentError, A>): A => {
  if (E.isRight(result)) return result.right
  throw toThrown(result.left)
}

/**
 * A failure as it is thrown: an `Error` with its message and a stack, which is the `AgentError` too, so that a handler that
 * lets it pass fails with it. What some code has thrown is thrown again as it was.
 */
export const toThrown = (error: AgentError): unknown =>
  error._tag === 'Unexpected' ? error.cause : Object.assign(new Error(problem(error).message), error)
