/**
 * Failures of a client as errors, for those who use promises.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { type ClientError, explain } from './ClientError'

/** What is thrown: its message is `explain` of the failure, and holds no secret. */
export interface ClientFailure extends Error {
  readonly name: 'ClientFailure'
  readonly failure: ClientError
}

/** A failure as it is thrown. */
export const toError = (failure: ClientError): ClientFailure =>
  Object.assign(new Error(explain(failure)), { name: 'ClientFailure', failure } as const)

/**
 * Checks whether a caught value is a failure of this client.
 *
 * @example
 * ```ts
 * import { createClient, isClientFailure } from 'agentcore-fp/client'
 *
 * const client = createClient({ url: 'http://localhost:8080' })
 *
 * export const main = async (): Promise<void> => {
 *   try {
 *     await client.invoke({})
 *   } catch (thrown) {
 *     if (!isClientFailure(thrown)) throw thrown
 *     console.error(thrown.failure._tag, thrown.message)
 *   }
 * }
 * ```
 */
export const isClientFailure = (thrown: unknown): thrown is ClientFailure =>
  thrown instanceof Error && thrown.name === 'ClientFailure' && 'failure' in thrown

/** The right of an outcome; its left is thrown as a failure. */
export const orThrow = <A>(outcome: E.Either<ClientError, A>): A => {
  if (E.isRight(outcome)) return outcome.right
  throw toError(outcome.left)
}
