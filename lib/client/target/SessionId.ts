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

/** A session id from text. Left `InvalidSessionId` unless it is 33 to 256 visible ASCII characters. */
export const parse = (text: string): E.Either<ClientError, SessionId> => {
  const reason = toProblem(text)
  return reason === undefined ? E.right(text as SessionId) : E.left({ _tag: 'InvalidSessionId', reason }) // as tested
}

/** The given session id, or a new one. Left `InvalidSessionId` for a given one that is none. */
export const parseOr =
  (newId: IO<string>) =>
  (text: string | undefined): E.Either<ClientError, SessionId> =>
    parse(text ?? newId())

/**
 * The same id for the same seed, always: 64 hexadecimal digits of a SHA-256 of the seed. A user's own key, of whatever
 * length and characters, gets a session of its own by it. Who knows the seed knows the id: it is a name, not a secret.
 */
export const derive = (seed: string): SessionId =>
  // JSON, so that text which has no UTF-8 is told apart too; a digest of SHA-256 is 64 visible characters.
  createHash('sha256')
    .update(`agentcore-fp/session:${JSON.stringify(seed)}`)
    .digest('hex') as SessionId
