/** The environment of a client in a page, from its options. */
import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { newIORef } from 'fp-ts/IORef'
import * as TE from 'fp-ts/TaskEither'
import { either, func, object, type Shape, string } from '../../core/OptionCheck'
import type { ClientError } from '../error/ClientError'
import { checked } from '../error/InvalidOption'
import type { ConnectionEnvironment } from '../socket/Connection'
import { deployed, plain } from '../target/Target'
import type { Auth, Credentials } from '../transport/Environment'

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

/** Their shape. */
export const browserOptions: Shape<BrowserOptions> = {
  runtimeArn: string,
  url: string,
  region: string,
  qualifier: string,
  endpoint: string,
  credentials: either(object, func),
  bearerToken: either(string, func),
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
export const environment = (options: BrowserOptions): E.Either<ClientError, ConnectionEnvironment> =>
  pipe(options, checked('createClient', browserOptions), E.chain(toEnvironment))

/** The environment from checked options, which may include options of the function that calls this. */
export const toEnvironment = (options: BrowserOptions): E.Either<ClientError, ConnectionEnvironment> => {
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
