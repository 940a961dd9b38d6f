/**
 * Session ids as AgentCore takes them from a caller: 33 to 256 characters.
 *
 * @since 0.2.0
 */
import { createHash } from 'node:crypto'
import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import type { SessionId } from '../../core/Session'
import type { ClientError } from '../error/ClientError'

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const toProblem = (text: string): string | undefined => {
  if (text.length < 33) return `${text.length} characters, and AgentCore requires at least 33`
  if (text.length > 256) return `${text.length} characters, and AgentCore allows at most 256`
  return /^[\x21-\x7e]+$/.test(text) ? undefined : 'it contains a space or a character that is not visible ASCII'
}

/**
 * Parses a session id. Left `InvalidSessionId` unless it is 33 to 256 visible ASCII characters.
 *
 * @example
 * ```ts
 * import { SessionId } from 'agentcore-fp/client'
 *
 * export const id = SessionId.parse('user-7-conversation-2026-11-25-0001')
 * ```
 */
export const parse = (text: string): E.Either<ClientError, SessionId> => {
  const reason = toProblem(text)
  return reason === undefined ? E.right(text as SessionId) : E.left({ _tag: 'InvalidSessionId', reason }) // as tested
}

/**
 * Parses the given session id, or makes a new one if there is none. Left `InvalidSessionId`.
 *
 * @example
 * ```ts
 * import { SessionId } from 'agentcore-fp/client'
 * import { randomUUID } from 'node:crypto'
 *
 * export const id = SessionId.parseOr(randomUUID)(process.env['SESSION_ID'])
 * ```
 */
export const parseOr =
  (newId: IO<string>) =>
  (text: string | undefined): E.Either<ClientError, SessionId> =>
    parse(text ?? newId())

/**
 * Derives a session id from any text, always the same for the same text: 64 hexadecimal digits of its SHA-256. Use it to give
 * each user a session of their own. Whoever knows the text knows the id: it is a name, not a secret.
 *
 * @example
 * ```ts
 * import { SessionId } from 'agentcore-fp/client'
 *
 * export const id = SessionId.derive('user@example.org')
 * ```
 */
export const derive = (seed: string): SessionId =>
  // JSON, so that text which has no UTF-8 is told apart too; a digest of SHA-256 is 64 visible characters.
  createHash('sha256')
    .update(`agentcore-fp/session:${JSON.stringify(seed)}`)
    .digest('hex') as SessionId
