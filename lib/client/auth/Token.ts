/**
 * Bearer tokens, and the two ways a WebSocket is given one: a header, and a subprotocol for browsers, which can set no
 * header.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { bearerProtocol } from '../../core/Protocol'
import type { ClientError } from '../error/ClientError'

/** The longest subprotocol that AgentCore takes. */
const maxSubprotocol = 4096

const refuse = (reason: string): E.Either<ClientError, never> => E.left({ _tag: 'InvalidToken', reason })

/** A token as it can be sent. Left: `InvalidToken`, which holds no part of it. */
export const parse = (token: string): E.Either<ClientError, string> => {
  if (token === '') return refuse('empty')
  if (token === 'undefined' || token === 'null') return refuse(`it is the word "${token}": its source has no value`)
  if (/^bearer\s/i.test(token)) return refuse('it begins with "Bearer": pass the token alone')
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('contains a space, a line break or a non-ASCII character')
  return token.length > 16_384 ? refuse('longer than 16384 characters, more than servers accept') : E.right(token)
}

/** Base64 of ASCII text for URLs, without padding. */
const base64Url = (text: string): string => btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')

/** The subprotocols that carry a token. Left `InvalidToken` if the first is too long for AgentCore: 4096 characters. */
export const toProtocols = (token: string): E.Either<ClientError, ReadonlyArray<string>> => {
  const carrying = `${bearerProtocol}.${base64Url(token)}`
  return carrying.length > maxSubprotocol
    ? refuse(`${carrying.length} characters as a subprotocol, and AgentCore accepts at most ${maxSubprotocol}`)
    : E.right([carrying, bearerProtocol])
}
