/**
 * Authenticates a request: signs it, adds a bearer token, or leaves it as is.
 *
 * @since 0.2.0
 */
import { pipe } from 'fp-ts/function'
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'
import type { Environment } from '../transport/Environment'
import { signHeaders } from './SigV4Signer'
import { parse as parseToken } from './Token'
import type { Request } from '../transport/Transport'

/**
 * The request with the headers that say who asks. Left: `NoCredentials`, `InvalidToken`, and what `Sigv4.signHeaders`
 * refuses.
 */
export const authorize =
  (request: Request): ReaderTaskEither<Pick<Environment, 'target' | 'auth' | 'now' | 'skew'>, ClientError, Request> =>
  ({ target: { region }, auth, now, skew }) => {
    switch (auth._tag) {
      case 'Anonymous':
        return TE.right(request)
      case 'Bearer':
        return pipe(
          auth.token,
          TE.chainEitherK(parseToken),
          TE.map((token) => ({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } })),
        )
      case 'SigV4':
        return pipe(
          auth.credentials,
          TE.chainEitherK((keys) => signHeaders(request, keys, { region }, now() + skew.read())),
          TE.map((headers) => ({ ...request, headers })),
        )
    }
  }

/** What is secret in an authorized request. */
const toSecrets = ({ headers }: Pick<Request, 'headers'>): ReadonlyArray<string> => {
  const { Authorization = '', 'X-Amz-Security-Token': sessionToken = '' } = headers
  const signature = /Signature=(\w+)/.exec(Authorization)?.[1] ?? ''
  return [Authorization.replace(/^Bearer /, ''), signature, sessionToken].filter((secret) => secret !== '')
}

/** A text of an answer without what was secret in its request: a server may repeat what it was sent. */
export const withoutSecrets =
  (request: Pick<Request, 'headers'>) =>
  (text: string): string =>
    toSecrets(request).reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
