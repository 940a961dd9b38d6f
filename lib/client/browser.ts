/**
 * The part of the client that browsers can run: it makes connections that a browser's own `WebSocket` opens, with a
 * signed URL or a token in a subprotocol. The build makes one file of it that needs nothing of Node.
 *
 * @since 0.2.0
 */
import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { newIORef } from 'fp-ts/IORef'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from './error/ClientError'
import { orThrow } from './error/ClientFailure'
import {
  type Connecting,
  type Connection,
  type ConnectionEnvironment,
  generatePresignedUrl,
  generateWsConnectionBrowser,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'
import type { Auth, Credentials } from './transport/Environment'
import { deployed, plain } from './target/Target'

export { type ClientError, explain } from './error/ClientError'
export { type ClientFailure, isClientFailure } from './error/ClientFailure'
export {
  type Connecting,
  type Connection,
  type ConnectionEnvironment,
  generatePresignedUrl,
  generateWsConnectionBrowser,
  type PresignOptions,
  type UrlOptions,
} from './socket/Connection'
export type { Credentials } from './transport/Environment'
export { derive as deriveSessionId } from './target/SessionId'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** The agent, by its ARN or its URL, and who asks. A browser has no credentials of its own: they are given, or none. */
export interface BrowserOptions {
  readonly runtimeArn?: string | undefined
  readonly url?: string | undefined
  readonly region?: string | undefined
  readonly qualifier?: string | undefined
  /** A URL that stands in for AWS. */
  readonly endpoint?: string | undefined
  /** Temporary ones, such as an identity pool of Cognito gives; a function is asked for each URL. */
  readonly credentials?: Credentials | (() => Promise<Credentials>) | undefined
  /** For `generateWsConnectionBrowser`; a function is asked for each connection. */
  readonly bearerToken?: string | (() => string | Promise<string>) | undefined
}

/** An agent, to be connected to. Every promise rejects with a `ClientFailure`. */
export interface BrowserClient {
  readonly environment: ConnectionEnvironment
  readonly generatePresignedUrl: (options?: PresignOptions) => Promise<Connection>
  readonly generateWsConnectionBrowser: (
    options?: UrlOptions & { readonly bearerToken?: string },
  ) => Promise<Connection>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (name: string, reason: string): E.Either<ClientError, never> =>
  E.left({ _tag: 'InvalidParameter', name, reason })

const asked = <A>(f: () => A | Promise<A>, failure: ClientError): TE.TaskEither<ClientError, A> =>
  TE.tryCatch(
    async () => f(),
    () => failure,
  )

const toAuth = ({ credentials, bearerToken }: BrowserOptions): E.Either<ClientError, Auth> => {
  if (credentials !== undefined && bearerToken !== undefined)
    return invalid('bearerToken', 'cannot be combined with credentials')
  if (bearerToken !== undefined) {
    const failure: ClientError = { _tag: 'InvalidToken', reason: 'the function that provides it failed' }
    const token = typeof bearerToken === 'string' ? TE.right(bearerToken) : asked(bearerToken, failure)
    return E.right({ _tag: 'Bearer', token })
  }
  if (credentials === undefined) return E.right({ _tag: 'Anonymous' })
  const failure: ClientError = { _tag: 'NoCredentials', tried: ['the given function'], reason: 'the function failed' }
  return E.right({
    _tag: 'SigV4',
    credentials: typeof credentials === 'function' ? asked(credentials, failure) : TE.right(credentials),
  })
}

/**
 * Creates the environment for the functions of this module. Left: `InvalidArn`, `InvalidRegion`, `RegionMismatch`,
 * `InvalidQualifier`, `InvalidEndpoint`, `InvalidParameter`.
 *
 * @example
 * ```ts
 * import { environment, generatePresignedUrl } from 'agentcore-fp/client/browser'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * export const connection = pipe(
 *   TE.fromEither(environment({ url: 'http://localhost:8080' })),
 *   TE.chain(generatePresignedUrl()),
 * )
 * ```
 */
export const environment = (options: BrowserOptions): E.Either<ClientError, ConnectionEnvironment> => {
  const { runtimeArn, url, region } = options
  if ((runtimeArn === undefined) === (url === undefined)) return invalid('runtimeArn', 'pass either runtimeArn or url')
  return pipe(
    E.Do,
    E.apS(
      'target',
      runtimeArn === undefined ? plain({ url: url ?? '', region }) : deployed({ ...options, runtimeArn }),
    ),
    E.apS('auth', toAuth(options)),
    E.map(({ target, auth }) => ({
      target,
      auth,
      now: () => Date.now(),
      skew: newIORef(0)(),
      newId: () => randomUUID(),
    })),
  )
}

/**
 * Creates a client that makes connections for the `WebSocket` of a browser. Throws a `ClientFailure` for invalid options.
 *
 * @example
 * ```ts
 * import { createClient } from 'agentcore-fp/client/browser'
 *
 * const client = createClient({ url: 'http://localhost:8080', bearerToken: 'a.b.c' })
 *
 * export const opened = client
 *   .generateWsConnectionBrowser()
 *   .then(({ url, protocols }) => [url, protocols]) // new WebSocket(url, protocols)
 * ```
 */
export const createClient = (options: BrowserOptions): BrowserClient => {
  const env = orThrow(environment(options))
  const run = async (connecting: Connecting): Promise<Connection> => orThrow(await connecting(env)())
  return {
    environment: env,
    generatePresignedUrl: (more) => run(generatePresignedUrl(more)),
    generateWsConnectionBrowser: (more) => run(generateWsConnectionBrowser(more)),
  }
}
